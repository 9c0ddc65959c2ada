import { dirname } from 'node:path'
import type { Place } from '../lib/place.ts'
import type { Problems } from './problems.ts'
import { quote } from '../lib/quote.ts'
import { parseToml, type KeyPath } from './toml.ts'

/** A configuration file that is TOML, with the places of its keys. */
export interface Document {
  /** As the user named it. */
  readonly name: string
  /** Where relative paths in it start. */
  readonly folder: string
  readonly root: Readonly<Record<string, unknown>>
  /** `config.toml:12: monitor[2].programs`; numbers count from 1. */
  readonly place: (path: KeyPath) => Place
  /** `config.toml:12:` */
  readonly linePlace: (path: KeyPath) => Place
}

/** Parses the text of a configuration file; null after telling where it is no TOML. */
export function parseDocument(name: string, toml: string, problems: Problems): Document | null {
  const reading = parseToml(toml)
  if (reading.kind === 'wrong') {
    const { line, column, cause } = reading
    problems.add({ label: `${name}:${line}:${column}:`, line }, `is not TOML: ${cause}`)
    return null
  }
  const { root, lineOf } = reading
  const linePlace = (path: KeyPath): Place => {
    const line = lineOf(path) ?? 1
    return { label: `${name}:${line}:`, line }
  }
  return {
    name,
    folder: dirname(name),
    root,
    linePlace,
    place(path) {
      const { label, line } = linePlace(path)
      return { label: `${label} ${nameOf(path)}`, line }
    },
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
