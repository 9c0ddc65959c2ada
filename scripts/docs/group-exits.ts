import { COMMANDS, COMMON_EXITS } from '../../src/cli/program.ts'

/** An exit code with all it means; a meaning without commands is for every command. */
export interface ExitCodeMeanings {
  readonly code: string
  readonly meanings: readonly { readonly meaning: string; readonly commands: readonly string[] }[]
}

/** Lists the exit codes upwards; commands that mean the same by one stand together. */
export function groupExits(): ExitCodeMeanings[] {
  const codes = new Map(
    Object.entries(COMMON_EXITS).map(([code, meaning]) => [code, new Map<string, string[]>([[meaning, []]])]),
  )
  for (const [command, { exits }] of Object.entries(COMMANDS)) {
    for (const [code, meaning] of Object.entries(exits)) {
      const meanings = codes.get(code) ?? new Map<string, string[]>()
      codes.set(code, meanings.set(meaning, [...(meanings.get(meaning) ?? []), command]))
    }
  }
  return [...codes]
    .toSorted(([a], [b]) => Number(a) - Number(b))
    .map(([code, meanings]) => ({
      code,
      meanings: [...meanings].map(([meaning, commands]) => ({ meaning, commands })),
    }))
}
