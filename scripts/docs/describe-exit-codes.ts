import { groupExits } from './group-exits.ts'
import { toTable } from './to-table.ts'

/** Writes every exit code as a Markdown table, with what it means for which command. */
export function describeExitCodes(): string {
  return toTable(
    ['code', ''],
    groupExits().map(({ code, meanings }) => [
      code,
      meanings
        .map(({ meaning, commands }) => {
          const of = commands.map((command) => `\`${command}\``).join(', ')
          return of === '' ? meaning : `${of}: ${meaning}`
        })
        .join(' · '),
    ]),
  )
}
