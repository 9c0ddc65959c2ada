import type { Kind } from './kind.ts'
import { path, text } from './kind.ts'
import { isTable } from './toml.ts'
import { typeName } from '../lib/quote.ts'

/** Set by the HTTP client itself. */
const REFUSED = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** A header's value, or the file that holds it. */
export type GivenHeader = string | { readonly file: string }

/** A table of HTTP headers; their values are secrets and never shown. */
export const headers: Kind<Readonly<Record<string, GivenHeader>>> = {
  form: 'a table of texts or { file = "…" }, by the name of their header',
  parse(value, context) {
    if (!isTable(value)) {
      context.wrong(`must be a table such as { "X-Name" = "value" }, got ${typeName(value)}`)
      return null
    }
    const right: Record<string, GivenHeader> = {}
    const names = Object.keys(value)
    for (const name of names) {
      const wrong = (what: string) => context.wrong(what, name)
      const content = parseValue(value[name], { ...context, wrong })
      const twin = names.find((other) => other.toLowerCase() === name.toLowerCase())
      if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) wrong('is not a valid name of an HTTP header')
      else if (REFUSED.has(name.toLowerCase())) wrong('is set by the HTTP client and cannot be given')
      else if (twin !== name) wrong(`is the same header as ${twin}`)
      else if (typeof content === 'string' && !isSendable(content)) wrong(NOT_SENDABLE)
      else if (content !== null) right[name] = content
    }
    return Object.keys(right).length === names.length ? right : null
  },
}

function parseValue(value: unknown, context: Parameters<typeof text.parse>[1]): GivenHeader | null {
  if (!isTable(value)) return text.parse(value, context)
  const [name, ...others] = Object.keys(value)
  if (name !== 'file' || others.length > 0) {
    context.wrong('must be a text, or { file = "…" } with the file that holds it')
    return null
  }
  const file = path.parse(value['file'], context)
  return file === null ? null : { file }
}

/** HTTP sends headers in Latin-1. */
export function isSendable(value: string): boolean {
  return !/[^\u0020-\u00ff]/.test(value)
}

export const NOT_SENDABLE = 'must hold Latin characters only'
