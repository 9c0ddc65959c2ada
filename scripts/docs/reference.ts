import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from 'commander'
import { COMMANDS, COMMON_EXITS, createProgram } from '../../src/cli/program.ts'
import { OPTIONS, type SharedOption } from '../../src/config/options.ts'
import { keysOf, TABLES, type TableName } from '../../src/config/schema.ts'
import { HTTP_KEYS } from '../../src/config/values.ts'
import { silentTerminal } from '../../test/helpers/silent-terminal.ts'

/** Returns the command line as the program parses it, beside a terminal that does nothing. */
export function readProgram(): Command {
  return createProgram(silentTerminal(), AbortSignal.abort(), () => {})
}

/** A key of the configuration file, with all that the pages say of it. */
export interface KeyEntry {
  readonly table: TableName
  readonly key: string
  readonly help: string
  readonly form: string
  /** As the file would say it; null where leaving the key out is no value of its own. */
  readonly default: string | null
  /** As config.example.toml has it; null where that is the default. */
  readonly example: string | null
  /** The option that stands for it. */
  readonly option: SharedOption | null
  /** The keys of a table that stands for a value. */
  readonly inner: readonly { key: string; form: string; default: string | null }[]
}

/** Returns every key of the file in the order of the schema. */
export async function readKeys(): Promise<KeyEntry[]> {
  const examples = readExamples(
    await readFile(join(import.meta.dirname, '../../config.example.toml'), 'utf8'),
  )
  const options = Object.values(OPTIONS)
  return TABLES.flatMap((table) =>
    Object.entries(keysOf(table)).map(([key, entry]) => {
      const name = `${table}.${key}`
      const written = write(entry.default)
      const example = examples.get(name)
      if (example === undefined) throw new Error(`config.example.toml has no ${key} in [${table}]`)
      return {
        table,
        key,
        help: entry.help,
        form: entry.form,
        default: written,
        example: example === written ? null : example,
        option: options.find((option) => option.key === name) ?? null,
        inner: key === 'http' ? HTTP_ENTRIES : [],
      }
    }),
  )
}

const HTTP_ENTRIES = Object.entries<{ form: string; default?: unknown }>(HTTP_KEYS).map(
  ([key, { form, default: value }]) => ({ key, form, default: write(value) }),
)

/** Writes a value as TOML does; null for none. */
function write(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value)
}

/** Returns the first value of each key in the example, commented out or not, by `table.key`. */
function readExamples(example: string): Map<string, string> {
  const examples = new Map<string, string>()
  let table = ''
  for (const line of example.split('\n')) {
    table = /^\[+(\w+)\]+$/.exec(line)?.[1] ?? table
    const [, key, value] = /^#?(\w+) = (.+)$/.exec(line) ?? []
    const name = `${table}.${key}`
    if (value !== undefined && !examples.has(name)) examples.set(name, value)
  }
  return examples
}

/** An exit code with all it means. A meaning without commands is for every command. */
export interface ExitCodeMeanings {
  readonly code: string
  readonly meanings: readonly { readonly meaning: string; readonly commands: readonly string[] }[]
}

/** Lists the exit codes upwards. Commands that mean the same by one stand together. */
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
