import type { CommandLine } from '../../src/commands/command-line.ts'
import { COMMANDS, COMMON_EXITS } from '../../src/commands/commands.ts'
import { toTable } from './to-table.ts'

/** Writes every command as a Markdown table. */
export function describeCommands({ commands }: CommandLine): string {
  return toTable(
    ['command', 'does'],
    commands.map(({ name, arguments: args, summary }) => [
      `\`${[name, ...[...args].map(([argument, words]) => (words.length > 0 ? words.join('|') : `<${argument}>`))].join(' ')}\``,
      summary,
    ]),
  )
}

/** Writes every exit code as a Markdown table, with what it means for which command. */
export function describeExitCodes(): string {
  const rows = new Map(Object.entries(COMMON_EXITS))
  for (const [command, { exits }] of Object.entries(COMMANDS)) {
    for (const [code, meaning] of Object.entries(exits)) {
      const said = rows.get(code)
      rows.set(code, `${said === undefined ? '' : `${said} · `}\`${command}\`: ${meaning}`)
    }
  }
  return toTable(
    ['code', ''],
    [...rows].toSorted(([a], [b]) => Number(a) - Number(b)),
  )
}
