import type { HttpCheck } from './config.ts'
import type { Kind, ValueOf } from './kind.ts'
import { choice, duration, parsedBy, text } from './kind.ts'
import { isTable } from './toml.ts'
import { nearest } from '../lib/nearest.ts'
import { quote, typeName } from '../lib/quote.ts'
import { parseCheckUrl } from './urls.ts'

/** The keys of `http = { … }`. */
export const HTTP_KEYS = {
  url: parsedBy(parseCheckUrl, 'http://… or https://…'),
  status: { form: 'an array of HTTP status codes', parse: parseStatus } satisfies Kind<readonly number[]>,
  body: text,
  timeout: duration('100ms', '5m'),
  when: choice('running', 'always'),
} as const

type HttpValues = { -readonly [K in keyof typeof HTTP_KEYS]?: ValueOf<(typeof HTTP_KEYS)[K]> | null }

/** A table that says which URL must answer, and how. */
export const httpCheck: Kind<HttpCheck> = {
  form: `a table of ${Object.keys(HTTP_KEYS).join(', ')}`,
  parse(value, context) {
    if (!isTable(value)) {
      context.wrong(
        `must be a table such as { url = "http://127.0.0.1:8000/health" }, got ${typeName(value)}`,
      )
      return null
    }
    const kinds: Readonly<Record<string, Kind<unknown>>> = HTTP_KEYS
    const read: Record<string, unknown> = {}
    for (const [key, given] of Object.entries(value)) {
      const kind = Object.hasOwn(kinds, key) ? kinds[key] : undefined
      if (kind === undefined) {
        const near = nearest(key, Object.keys(kinds))
        const hint = near === null ? `known are ${Object.keys(kinds).join(', ')}` : `did you mean "${near}"?`
        context.wrong(`is an unknown key; ${hint}`, key)
      }
      const wrong = (what: string, ...below: (string | number)[]) => context.wrong(what, key, ...below)
      read[key] = kind?.parse(given, { ...context, wrong }) ?? null
    }
    const { url, status, body, timeout, when }: HttpValues = read
    if (url === undefined) context.wrong('needs a url')
    if (url === undefined || url === null || Object.values(read).includes(null)) return null
    return {
      url,
      status: status ?? [200],
      body: body ?? null,
      timeoutMs: timeout ?? 10_000,
      when: when ?? 'running',
    }
  },
}

function parseStatus(value: unknown, { wrong }: { wrong: (what: string) => void }): readonly number[] | null {
  const codes: unknown[] = Array.isArray(value) ? value : []
  const right = codes.filter((code): code is number => Number.isInteger(code))
  const valid = right.filter((code) => code >= 100 && code <= 599)
  if (valid.length > 0 && valid.length === codes.length) return valid
  wrong(`must be an array of HTTP status codes such as [200, 204], got ${quote(value)}`)
  return null
}
