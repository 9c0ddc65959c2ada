import { COMMANDS, COMMON_EXITS, type Exits } from './commands.ts'

/** Says the exit codes of one command, or of all of them. */
export function describeExits(name: string | null): string {
  const own =
    name === null
      ? Object.entries(COMMANDS).flatMap(([command, { exits }]) =>
          Object.keys(exits).length === 0 ? [] : `${command} ${listExits(exits)}`,
        )
      : [listExits(COMMANDS[name]?.exits ?? {})]
  return `Exit codes: ${[...own, listExits(COMMON_EXITS)].filter(Boolean).join('; ')}.`
}

function listExits(exits: Exits): string {
  return Object.entries(exits)
    .map(([code, meaning]) => `${code} ${meaning}`)
    .join(', ')
}
