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

function didYouMean(word: string, known: readonly string[]): string {
  const near = nearest(word, known)
  return near === null ? `; known are ${known.join(', ')}` : `; did you mean "${near}"?`
}
