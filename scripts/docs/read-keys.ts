import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'smol-toml'
import { describeConfig } from '../../src/config/describe.ts'
import { HTTP_KEYS } from '../../src/config/http-check.ts'
import { flag, type Kind } from '../../src/config/kind.ts'
import { loadConfig } from '../../src/config/load.ts'
import { OPTIONS, type SharedOption } from '../../src/config/options.ts'
import { SCHEMA, TABLES, type TableName } from '../../src/config/schema.ts'

/** A key of the configuration file, with all that is known of it. */
export interface KeyEntry {
  readonly table: TableName
  readonly key: string
  /** What the example says above it. */
  readonly words: string
  readonly form: string
  /** As the file would say it; null where leaving the key out is no value of its own. */
  readonly fallback: string | null
  /** How the example writes it, where that is not the default. */
  readonly example: string | null
  /** The option that stands for it. */
  readonly option: SharedOption | null
  /** The keys of a table that stands for a value. */
  readonly inner: readonly { key: string; form: string; fallback: string | null }[]
}

/** Puts the reference together: keys and forms from the schema, words from the example, defaults from the real loader. */
export async function readKeys(): Promise<KeyEntry[]> {
  const example = readExample(await readFile(join(import.meta.dirname, '../../config.example.toml'), 'utf8'))
  const options: readonly SharedOption[] = Object.values(OPTIONS)
  const defaults = await readDefaults()
  const inner = await readHttpDefaults()
  return TABLES.flatMap((table) =>
    Object.entries<Kind<unknown>>(SCHEMA[table]).map(([key, kind]) => {
      const shown = example.get(`${table}.${key}`)
      if (shown === undefined) throw new Error(`config.example.toml says nothing above ${key} of [${table}]`)
      const fallback = defaults.get(`${table}.${key}`) ?? (kind === flag ? 'false' : null)
      return {
        table,
        key,
        words: shown.words,
        form: kind.form,
        fallback,
        example: shown.value === fallback ? null : shown.value,
        option: options.find((option) => option.key === `${table}.${key}`) ?? null,
        inner: key === 'http' ? inner : [],
      }
    }),
  )
}

/** The first comment that stands above each key, and the key's value there. */
function readExample(text: string): Map<string, { words: string; value: string }> {
  const shown = new Map<string, { words: string; value: string }>()
  let table = ''
  let comment: string[] = []
  let isOver = false
  for (const line of text.split('\n')) {
    const [, key, value] = /^#?(\w+) = (.+)$/.exec(line) ?? []
    const [, words] = /^# (.*)$/.exec(line) ?? []
    if (key !== undefined && value !== undefined) {
      const name = `${table}.${key}`
      if (comment.length > 0 && !shown.has(name)) shown.set(name, { words: comment.join(' '), value })
      // What stands above several keys in a row is about all of them.
      isOver = true
    } else if (words !== undefined) {
      comment = isOver ? [words] : [...comment, words]
      isOver = false
    } else {
      table = /^\[+(\w+)\]+$/.exec(line)?.[1] ?? table
      comment = []
      isOver = false
    }
  }
  return shown
}

/** What the loader makes of a key that is left out, as TOML by key: `agent.push_every`. */
async function readDefaults(): Promise<Map<string, string>> {
  const defaults = new Map<string, string>()
  for (const [given, tables] of [
    // The time between two restarts has a meaning, and so a value, with restarts only.
    [MORE, await load(`${TOKEN}${MORE}`)],
    ['', await load(TOKEN)],
  ] as const) {
    for (const [table, values] of tables) {
      for (const [key, value] of Object.entries(values)) {
        const isGiven = key === 'push_url' || given.includes(`\n${key} = `)
        if (!isGiven) defaults.set(`${table}.${key}`, JSON.stringify(value))
      }
    }
  }
  return defaults
}

async function readHttpDefaults(): Promise<KeyEntry['inner']> {
  const monitor = (await load(`${TOKEN}${MORE}`)).get('monitor') as { http: Record<string, unknown> }
  return Object.entries<Kind<unknown>>(HTTP_KEYS).map(([key, { form }]) => ({
    key,
    form,
    fallback: key === 'url' || monitor.http[key] === undefined ? null : JSON.stringify(monitor.http[key]),
  }))
}

const TOKEN = '[[monitor]]\ntoken = "abc"'
const MORE = '\nmemory = "1MB"\nhttp = { url = "http://127.0.0.1/" }\non_failure = "restart"'

/** Loads a configuration and gives its tables as `check-config` prints them. */
async function load(toml: string): Promise<Map<string, object>> {
  const { config } = await loadConfig({
    flags: {},
    env: {},
    home: '',
    files: {
      read: () => Promise.resolve({ bytes: Buffer.from(toml), mode: 0o600, uid: 0, gid: 0, mark: '' }),
      canWriteIn: () => Promise.resolve(true),
    },
  })
  return new Map(
    Object.entries(parse(describeConfig(config))).map(([table, value]) => [
      table,
      [value].flat()[0] as object,
    ]),
  )
}
