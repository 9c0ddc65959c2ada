import type { Kind } from './kind.ts'
import { isTable, text } from './kind.ts'
import { typeName } from './quote.ts'

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

/** A table of HTTP headers; their values are secrets and never shown. */
export const headers: Kind<Readonly<Record<string, string>>> = {
  parse(value, context) {
    if (!isTable(value)) {
      context.wrong(`must be a table such as { "X-Name" = "value" }, got ${typeName(value)}`)
      return null
    }
    const right: Record<string, string> = {}
    const names = Object.keys(value)
    for (const name of names) {
      const wrong = (what: string) => context.wrong(what, name)
      const content = text.parse(value[name], { ...context, wrong })
      const twin = names.find((other) => other.toLowerCase() === name.toLowerCase())
      if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) wrong('is not a valid name of an HTTP header')
      else if (REFUSED.has(name.toLowerCase())) wrong('is set by the HTTP client and cannot be given')
      else if (twin !== name) wrong(`is the same header as ${twin}`)
      // HTTP sends headers in Latin-1.
      else if (content !== null && /[^\u0020-\u00ff]/.test(content)) wrong('must hold Latin characters only')
      else if (content !== null) right[name] = content
    }
    return Object.keys(right).length === names.length ? right : null
  },
}
