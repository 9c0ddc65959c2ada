import { dirname, isAbsolute, join } from 'node:path'
import { nearest } from '../lib/nearest.ts'
import { quote, typeName } from '../lib/quote.ts'
import { expandHome, readValue, type Given, type Place, type Problems } from './given.ts'
import { headingOf, isMany, keysOf, TABLES, type SCHEMA, type TableName } from './schema.ts'
import { isTable, parseToml, type KeyPath, type LineOf } from './toml.ts'
import type { ValueOf } from './values.ts'

/** One table of the file with its place: `config.toml:20: monitor[2]`. */
export interface Entry<N extends TableName> {
  readonly place: Place
  readonly values: TableValues<N>
}

/** The values that one table gives, by key. */
export type TableValues<N extends TableName> = {
  readonly [K in keyof (typeof SCHEMA)[N]]?: Given<ValueOf<(typeof SCHEMA)[N][K]>>
}

/** Everything that the file gives. A table that stands there once is the only one of its list. */
export type DocumentValues = { readonly [N in TableName]: readonly Entry<N>[] }

type Table = Readonly<Record<string, unknown>>

/** A configuration file that is TOML. */
export class Document {
  /** As the user named it. */
  readonly name: string
  readonly root: Table
  readonly #lineOf: LineOf
  readonly #home: string
  readonly #problems: Problems

  private constructor(name: string, root: Table, lineOf: LineOf, home: string, problems: Problems) {
    this.name = name
    this.root = root
    this.#lineOf = lineOf
    this.#home = home
    this.#problems = problems
  }

  /** Returns null after telling where the text is no TOML. */
  static parse(name: string, text: string, home: string, problems: Problems): Document | null {
    const reading = parseToml(text)
    if (reading.kind === 'toml') return new Document(name, reading.root, reading.lineOf, home, problems)
    const { line, column, cause } = reading
    problems.add({ label: `${name}:${line}:${column}:`, line }, `is not TOML: ${cause}`)
    return null
  }

  /** Reads the whole file, and tells what is wrong or unknown in it. */
  read(): DocumentValues {
    for (const key of Object.keys(this.root)) {
      if (TABLES.some((name) => name === key)) continue
      this.#problems.add(this.#line([key]), describeUnknownTable(key))
    }
    return {
      kuma: this.#readTables('kuma'),
      agent: this.#readTables('agent'),
      supervisor: this.#readTables('supervisor'),
      monitor: this.#readTables('monitor'),
    }
  }

  #readTables<N extends TableName>(name: N): Entry<N>[] {
    return this.#findTables(name).map(({ path, table }) => ({
      place: this.#place(path),
      values: this.#readTable(name, path, table),
    }))
  }

  #findTables(name: TableName): { path: KeyPath; table: Table }[] {
    const found = this.root[name]
    if (found === undefined) return []
    if (isTable(found) && !isMany(name)) return [{ path: [name], table: found }]
    if (Array.isArray(found) && name !== 'agent') {
      return found.flatMap((table: unknown, index) => {
        if (isTable(table)) return [{ path: [name, index], table }]
        this.#problems.add(this.#line([name, index]), describeMisplaced(name, table))
        return []
      })
    }
    this.#problems.add(this.#line([name]), describeMisplaced(name, found))
    return []
  }

  #readTable<N extends TableName>(name: N, path: KeyPath, table: Table): TableValues<N> {
    const keys = keysOf(name)
    const values: Record<string, Given<unknown>> = {}
    for (const [key, input] of Object.entries(table)) {
      const gone = describeGoneKey(key, name, input)
      const kind = Object.hasOwn(keys, key) ? keys[key] : undefined
      if (gone !== null) {
        const place = this.#place([...path, key])
        this.#problems.add(place, gone)
        // It stood for a token: that none is there is no second problem.
        if (key === 'tokens') values['token'] = { place, value: null }
      } else if (kind === undefined) {
        this.#problems.add(this.#line([...path, key]), describeUnknownKey(key, name))
      } else {
        const placeOf = (part: KeyPath) => this.#place([...path, key, ...part])
        values[key] = readValue(kind, input, (file) => this.#absolute(file), placeOf, this.#problems)
      }
    }
    // Each value was made by the kind of its own key, which the compiler cannot follow.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return values as TableValues<N>
  }

  /** A relative path starts at the folder of the file. */
  #absolute(path: string): string {
    const expanded = expandHome(path, this.#home)
    return isAbsolute(expanded) ? expanded : join(dirname(this.name), expanded)
  }

  /** `config.toml:12: monitor[2].programs`; numbers count from 1. */
  #place(path: KeyPath): Place {
    const { label, line } = this.#line(path)
    return { label: `${label} ${nameOf(path)}`, line }
  }

  /** `config.toml:12:` */
  #line(path: KeyPath): Place {
    const line = this.#lineOf(path) ?? 1
    return { label: `${this.name}:${line}:`, line }
  }
}

/** [agent] and a single [kuma] are there once, so their keys go by their own names. */
function nameOf(path: KeyPath): string {
  const [table, ...rest] = path
  if (rest.length === 0) return `[${table}]`
  const shown = table === 'agent' || (table === 'kuma' && typeof rest[0] === 'string') ? rest : path
  return shown
    .map((part, index) => {
      if (typeof part === 'number') return `[${part + 1}]`
      const name = /^[\w-]+$/.test(part) ? part : quote(part)
      return index === 0 ? name : `.${name}`
    })
    .join('')
}

function describeMisplaced(name: TableName, found: unknown): string {
  if (isTable(found) && isMany(name)) return `[${name}] can stand there several times: write [[${name}]]`
  if (Array.isArray(found) && name === 'agent') return `[[${name}]] stands there once: write [${name}]`
  return `${name} must be a table that starts with ${headingOf(name)}, got ${typeName(found)}`
}

function describeUnknownTable(key: string): string {
  const homes = tablesWith(key)
  return homes === ''
    ? `unknown table ${quote(key)}${didYouMean(key, TABLES)}`
    : `unknown key ${quote(key)} above the first table; it belongs in ${homes}`
}

function describeUnknownKey(key: string, table: TableName): string {
  const homes = tablesWith(key)
  const hint = homes === '' ? didYouMean(key, Object.keys(keysOf(table))) : `; it belongs in ${homes}`
  return `unknown key ${quote(key)} in ${headingOf(table)}${hint}`
}

function tablesWith(key: string): string {
  return TABLES.filter((name) => Object.hasOwn(keysOf(name), key))
    .map(headingOf)
    .join(' or ')
}

function didYouMean(word: string, known: readonly string[]): string {
  const near = nearest(word, known)
  return near === null ? `; known are ${known.join(', ')}` : `; did you mean "${near}"?`
}

/** Returns what to write in the place of a key that there was once; null for every other key. */
function describeGoneKey(key: string, table: TableName, value: unknown): string | null {
  if (table !== 'monitor') return null
  if (key === 'stderr_tail') return describeStderrTail(value)
  return key === 'tokens' ? describeTokens(value) : null
}

function describeStderrTail(value: unknown): string {
  const written = typeof value === 'boolean' ? value : true
  return `is no key any more, since a program may write its errors to stdout; write log_tail = ${written} in its place`
}

/** `tokens` had a token, push URL or `{ file = "…" }` for each of several Kumas. */
function describeTokens(value: unknown): string {
  const given = isTable(value) ? Object.entries(value) : []
  const lines = given.map(([kuma, token]) => {
    const file = isTable(token) && typeof token['file'] === 'string' ? token['file'] : null
    return `kuma = ${quote(kuma)} and ${file === null ? 'token = "…"' : `token_file = ${quote(file)}`}`
  })
  const [only, second] = lines
  const gone = 'is no key any more, since a monitor pushes to one Kuma; write'
  if (only !== undefined && second === undefined) return `${gone} ${only} in its place`
  const tables =
    lines.length > 1 ? lines : ['kuma = "office" and token = "…"', 'kuma = "cloud" and token = "…"']
  return (
    `${gone} ${tables.length} [[monitor]] tables in its place, one with ${tables.join(', one with ')}, ` +
    'each with a name of its own and the other lines of this one'
  )
}
