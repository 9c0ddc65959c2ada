import { printableJson } from './text.ts'
const LONGEST = 60

/** Shows a wrong value of the configuration in one line, cut short, without credentials in URLs or push tokens. */
export function quote(value: unknown): string {
  if (typeof value === 'string') return printableJson(cut(redact(value)))
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return typeName(value)
}

/** Quotes a path for a shell where it must be. */
export function quotePath(path: string): string {
  return /^[\w./@-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`
}

/** Names the TOML type of a value that may be a secret. */
export function typeName(value: unknown): string {
  if (typeof value === 'string') return 'a text'
  if (typeof value === 'number') return 'a number'
  if (typeof value === 'boolean') return 'a boolean'
  if (Array.isArray(value)) return 'an array'
  return value instanceof Date ? 'a date' : 'a table'
}

/** Takes out what a person may have pasted along: `//user:password@`, the push token of a push URL, a query. */
function redact(text: string): string {
  return text
    .replace(/^(?:(.*?\/\/)|(?=[^@]*:)).*@/s, '$1…@')
    .replace(/(\/api\/push\/[^/?#]{0,3})[^?#]*/, '$1…')
    .replace(/(:\/\/[^?]*)\?.*$/s, '$1?…')
}

function cut(text: string): string {
  // A cut surrogate pair would come out as an escape.
  return text.length > LONGEST ? `${text.slice(0, LONGEST).replace(/[\ud800-\udbff]$/, '')}…` : text
}
