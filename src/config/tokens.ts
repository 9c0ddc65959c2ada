import type { Kind } from './kind.ts'
import { parsedBy, path } from './kind.ts'
import { isTable } from './toml.ts'
import { parsePushAddress, type PushAddress } from './urls.ts'
import { typeName } from '../lib/quote.ts'

/** A token or push URL, or the file that holds it. */
export type GivenToken = PushAddress | { readonly file: string }

const address = parsedBy(parsePushAddress, 'a push token or push URL')

/** A token for each of several Kumas, by its name. */
export const tokens: Kind<Readonly<Record<string, GivenToken>>> = {
  form: 'a table of tokens, push URLs or { file = "…" }, by the name of their Kuma',
  parse(value, context) {
    if (!isTable(value)) {
      context.wrong(`must be a table such as { office = "…", cloud = "…" }, got ${typeName(value)}`)
      return null
    }
    const names = Object.keys(value)
    if (names.length === 0) context.wrong('must not be empty')
    const right = new Map<string, GivenToken>()
    for (const name of names) {
      const wrong = (what: string) => context.wrong(what, name)
      const given = value[name]
      if (!isTable(given)) {
        const parsed = address.parse(given, { ...context, wrong })
        if (parsed !== null) right.set(name, parsed)
      } else if (Object.keys(given).join() === 'file') {
        const file = path.parse(given['file'], { ...context, wrong })
        if (file !== null) right.set(name, { file })
      } else wrong('must be a token, or { file = "…" } with the file that holds it')
    }
    return names.length > 0 && right.size === names.length ? Object.fromEntries(right) : null
  },
}
