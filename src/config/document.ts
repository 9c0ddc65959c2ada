import { dirname } from 'node:path'
import { parse, TomlError } from 'smol-toml'
import type { KeyPath } from './locate-keys.ts'
import { locateKeys } from './locate-keys.ts'
import type { Place } from '../lib/place.ts'
import type { Problems } from './problems.ts'
import { quote } from '../lib/quote.ts'

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
  let root: Readonly<Record<string, unknown>>
  try {
    root = parse(toml, { maxDepth: 20 })
  } catch (error) {
    const { place, what } = describeSyntaxError(name, toml, error)
    problems.add(place, what)
    return null
  }
  const lineOf = locateKeys(toml)
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

function describeSyntaxError(name: string, toml: string, error: unknown): { place: Place; what: string } {
  if (!(error instanceof TomlError)) throw error
  const { line, column } = error
  // The rest of smol-toml's message shows lines of the file, which may hold a token.
  const cause = error.message.split('\n')[0]?.replace(/^Invalid TOML document: /, '') ?? ''
  const hint = hintFor(toml.split(/\r?\n/)[line - 1] ?? '')
  return { place: { label: `${name}:${line}:${column}:`, line }, what: `is not TOML: ${cause}${hint}` }
}

/** The usual slips: a value without its quotes, a key without a value. */
function hintFor(line: string): string {
  const match = /^\s*([\w.-]+)\s*(=?)\s*(.*)$/.exec(line)
  if (match === null) return ''
  const [, key = '', equals = '', value = ''] = match
  if (equals === '' || value === '') return `; a line is key = value, such as push_every = "24s"`
  if (/^["'[{]/.test(value)) return ''
  return `; a text needs quotes: ${key} = "…"`
}
