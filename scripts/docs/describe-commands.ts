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
  const codes = new Map(
    Object.entries(COMMON_EXITS).map(([code, meaning]) => [code, new Map<string, string[]>([[meaning, []]])]),
  )
  for (const [command, { exits }] of Object.entries(COMMANDS)) {
    for (const [code, meaning] of Object.entries(exits)) {
      const meanings = codes.get(code) ?? new Map<string, string[]>()
      codes.set(code, meanings.set(meaning, [...(meanings.get(meaning) ?? []), `\`${command}\``]))
    }
  }
  return toTable(
    ['code', ''],
    [...codes]
      .toSorted(([a], [b]) => Number(a) - Number(b))
      .map(([code, meanings]) => [code, [...meanings].map(describeMeaning).join(' · ')]),
  )
}

function describeMeaning([meaning, commands]: [string, string[]]): string {
  return commands.length === 0 ? meaning : `${commands.join(', ')}: ${meaning}`
}
