import { isTable } from './toml.ts'
import { nearest } from '../lib/nearest.ts'
import { quote } from '../lib/quote.ts'
import type { TableName } from './schema.ts'
import { headingOf, SCHEMA, TABLES } from './schema.ts'

/** Says that a key is unknown and which one was meant; the table is null at the top of the file. */
export function describeUnknownKey(key: string, table: TableName | null): string {
  const shown = quote(key)
  const homes = TABLES.filter((name) => Object.hasOwn(SCHEMA[name], key))
  if (table === null) {
    if (homes.length === 0) return `unknown table ${shown}${didYouMean(key, TABLES)}`
    return `unknown key ${shown} above the first table; it belongs in ${homes.map(headingOf).join(' or ')}`
  }
  const problem = `unknown key ${shown} in ${headingOf(table)}`
  if (homes.length > 0) return `${problem}; it belongs in ${homes.map(headingOf).join(' or ')}`
  return `${problem}${didYouMean(key, Object.keys(SCHEMA[table]))}`
}

/** Says what to write in the place of a key that there was once; null for every other key. */
export function describeGoneKey(key: string, table: TableName, value: unknown): string | null {
  return table === 'monitor' && key === 'tokens' ? describeTokens(value) : null
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

function didYouMean(word: string, known: readonly string[]): string {
  const near = nearest(word, known)
  return near === null ? `; known are ${known.join(', ')}` : `; did you mean "${near}"?`
}
