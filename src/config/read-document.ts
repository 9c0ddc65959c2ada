import type { Document } from './document.ts'
import type { Kind, ValueOf } from './kind.ts'
import { isTable, type KeyPath } from './toml.ts'
import type { Given, Place } from '../lib/place.ts'
import type { Problems } from './problems.ts'
import { typeName } from '../lib/quote.ts'
import type { TableName } from './schema.ts'
import { headingOf, isMany, SCHEMA, TABLES } from './schema.ts'
import { describeGoneKey, describeUnknownKey } from './unknown-key.ts'

/** One table of the file with its place: `config.toml:20: monitor[2]`. */
export interface Entry<N extends TableName> {
  readonly place: Place
  readonly values: TableValues<N>
}

/** The values that one table gives, by key. */
export type TableValues<N extends TableName> = {
  readonly [K in keyof (typeof SCHEMA)[N]]?: Given<ValueOf<(typeof SCHEMA)[N][K]>>
}

/** All that the file gives; a table that stands there once is the only one of its list. */
export type DocumentValues = { readonly [N in TableName]: readonly Entry<N>[] }

/**
 * Reads every table of a document, and tells what is unknown or wrong; no document gives nothing.
 * @param absolute makes a path of the file absolute
 */
export function readDocument(
  document: Document | null,
  absolute: (path: string) => string,
  problems: Problems,
): DocumentValues {
  if (document === null) return { kuma: [], agent: [], supervisor: [], monitor: [] }
  return readTables(document, absolute, problems)
}

function readTables(
  document: Document,
  absolute: (path: string) => string,
  problems: Problems,
): DocumentValues {
  for (const key of Object.keys(document.root)) {
    if (!TABLES.some((name) => name === key)) {
      problems.add(document.linePlace([key]), describeUnknownKey(key, null))
    }
  }
  const all = <N extends TableName>(name: N): Entry<N>[] =>
    tablesOf(document, name, problems).map(({ path, table }) => ({
      place: document.place(path),
      values: readTable(name, path, table),
    }))

  function readTable<N extends TableName>(
    name: N,
    path: KeyPath,
    table: Readonly<Record<string, unknown>>,
  ): TableValues<N> {
    const kinds: Readonly<Record<string, Kind<unknown>>> = SCHEMA[name]
    const values: Record<string, Given<unknown>> = {}
    for (const [key, given] of Object.entries(table)) {
      const gone = describeGoneKey(key, name, given)
      if (gone !== null) {
        const place = document.place([...path, key])
        problems.add(place, gone)
        // It stood for a token: that none is there is no second problem.
        values['token'] = { place, value: null }
        continue
      }
      const kind = Object.hasOwn(kinds, key) ? kinds[key] : undefined
      if (kind === undefined) {
        problems.add(document.linePlace([...path, key]), describeUnknownKey(key, name))
        continue
      }
      const wrong = (what: string, ...below: (string | number)[]) =>
        problems.add(document.place([...path, key, ...below]), what)
      values[key] = { place: document.place([...path, key]), value: kind.parse(given, { wrong, absolute }) }
    }
    // Each value was made by the kind of its own key, which the compiler cannot follow.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return values as TableValues<N>
  }

  return { kuma: all('kuma'), agent: all('agent'), supervisor: all('supervisor'), monitor: all('monitor') }
}

interface FoundTable {
  readonly path: KeyPath
  readonly table: Readonly<Record<string, unknown>>
}

function tablesOf({ root, linePlace }: Document, name: TableName, problems: Problems): FoundTable[] {
  const found = root[name]
  if (found === undefined) return []
  if (!isMany(name)) {
    if (isTable(found)) return [{ path: [name], table: found }]
    if (name === 'kuma' && Array.isArray(found)) return listed(found)
    const what = Array.isArray(found)
      ? `[[${name}]] stands there once: write [${name}]`
      : misplaced(name, found)
    problems.add(linePlace([name]), what)
    return []
  }
  if (isTable(found)) {
    problems.add(linePlace([name]), `[${name}] can stand there several times: write [[${name}]]`)
    return []
  }
  if (!Array.isArray(found)) {
    problems.add(linePlace([name]), misplaced(name, found))
    return []
  }
  return listed(found)

  function listed(items: readonly unknown[]): FoundTable[] {
    return items.flatMap((table, index) => {
      if (isTable(table)) return [{ path: [name, index], table }]
      problems.add(linePlace([name, index]), misplaced(name, table))
      return []
    })
  }
}

function misplaced(name: TableName, found: unknown): string {
  return `${name} must be a table that starts with ${headingOf(name)}, got ${typeName(found)}`
}
