import * as v from 'valibot'
import { formatDuration, parseDuration } from '../lib/duration.ts'
import { nearest } from '../lib/nearest.ts'
import { quote, typeName } from '../lib/quote.ts'
import { formatSize, parseSize } from '../lib/size.ts'
import type { HttpCheck } from './config.ts'
import { isTable } from './toml.ts'
import { parseCheckUrl, type Parsed } from './urls.ts'

/** How one value of the file, an option or a variable is read, and what people are told of it. */
export interface Kind<T> {
  /** Its messages follow the place of the value. None shows a text that may be a secret. */
  readonly schema: v.GenericSchema<unknown, T>
  /** Describes a right value, for the documentation: `a time from 1s to 24h`. */
  readonly form: string
  /** The words that it takes, or some of them, for the completion of the shells. */
  readonly words?: readonly string[]
  /** Makes the paths in a value absolute. */
  resolvePaths?(value: T, absolute: (path: string) => string): T
}

/** The type of what a kind reads. */
export type ValueOf<K> = K extends { readonly schema: v.GenericSchema<unknown, infer T> } ? T : never

type Table = Readonly<Record<string, unknown>>

const line = v.pipe(
  // Its type alone: it may be a password of digits without its quotes.
  v.string(({ input }) => `must be a text in quotes, got ${typeName(input)}`),
  v.trim(),
  v.nonEmpty('must not be empty'),
  v.regex(/^\P{Cc}*$/u, 'must be one line without control characters'),
)

/** One line of text. */
export const text: Kind<string> = { form: 'a text', schema: line }

/** The path of a file; `~/` is the home folder. */
export const path: Kind<string> = {
  form: 'the path of a file',
  schema: line,
  resolvePaths: (file, absolute) => absolute(file),
}

/** A line of text with a parser of its own. */
export function parsedBy<T>(
  parse: (text: string) => Parsed<T>,
  form: string,
  words: readonly string[] = [],
): Kind<T> {
  return { form, words, schema: v.pipe(line, parseWith(parse)) }
}

/** One of a few words. */
export function choice<const T extends string>(...words: readonly T[]): Kind<T> {
  const quoted = words.map((word) => `"${word}"`)
  const form = `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`
  return { form, words, schema: v.picklist(words, ({ input }) => `must be ${form}, got ${quote(input)}`) }
}

/** A time in milliseconds, written with its unit. The limits are written like it and are allowed themselves. */
export function duration(min: string, max: string): Kind<number> {
  const limits = { min: parseDuration(min) ?? 0, max: parseDuration(max) ?? Infinity, format: formatDuration }
  return {
    form: `a time from ${min} to ${max}`,
    schema: v.pipe(
      v.unknown(),
      parseWith((value) => {
        const bare = bareNumber(value)
        if (bare !== null && bare > 0) {
          return { wrong: `needs a unit, got ${quote(value)}; "${bare}s" is in seconds` }
        }
        // Nothing or less is too short in any unit: the limit says more than a missing unit.
        const ms = bare !== null ? 0 : typeof value === 'string' ? parseDuration(value) : null
        return within(ms, value, limits, 'a time with its unit such as "24s", "5m" or "1h30m"')
      }),
    ),
  }
}

/** A size in bytes, written with its unit. */
export function size(min: string, max: string): Kind<number> {
  const limits = { min: parseSize(min) ?? 0, max: parseSize(max) ?? Infinity, format: formatSize }
  return {
    form: `a size from ${min} to ${max}`,
    schema: v.pipe(
      v.unknown(),
      parseWith((value) => {
        const bytes = typeof value === 'string' ? parseSize(value) : null
        return within(bytes, value, limits, 'a size with its unit such as "512MB" or "2GB"')
      }),
    ),
  }
}

function within(
  found: number | null,
  given: unknown,
  limits: { min: number; max: number; format: (found: number) => string },
  form: string,
): Parsed<number> {
  const { min, max, format } = limits
  if (found === null) return { wrong: `must be ${form}, got ${quote(given)}` }
  if (found < min) return { wrong: `must be at least ${format(min)}, got ${quote(given)}` }
  if (found > max) return { wrong: `must be at most ${format(max)}, got ${quote(given)}` }
  return { value: found }
}

function bareNumber(value: unknown): number | null {
  if (typeof value === 'string' && /^\s*-?\d+(\.\d+)?\s*$/.test(value)) return Number(value)
  return typeof value === 'number' && Number.isFinite(value) ? value : null
}

/** A whole number, written without quotes. */
export function integer(min: number): Kind<number> {
  const form = `a whole number of at least ${min}`
  return {
    form,
    schema: v.custom<number>(
      (value) => typeof value === 'number' && Number.isSafeInteger(value) && value >= min,
      ({ input }) => `must be ${form}, got ${quote(input)}`,
    ),
  }
}

/** `true` or `false`. A variable, which is a text, may say `1`, `yes`, `0` or `no` too. */
export const flag: Kind<boolean> = {
  form: 'true or false',
  schema: v.pipe(
    v.unknown(),
    parseWith((value) => {
      if (typeof value === 'boolean') return { value }
      if (typeof value === 'string' && /^(1|true|yes|on)$/i.test(value)) return { value: true }
      if (typeof value === 'string' && /^(0|false|no|off)$/i.test(value)) return { value: false }
      return { wrong: `must be true or false, got ${quote(value)}` }
    }),
  ),
}

/** An array of at least one line of text. */
export const texts: Kind<readonly string[]> = {
  form: 'an array of texts',
  schema: v.pipe(
    v.array(line, ({ input }) => `must be an array of texts such as ["celery:*"], got ${quote(input)}`),
    v.nonEmpty('must not be empty; leave it out'),
  ),
}

/** The value of an HTTP header, or the file that holds it. */
export type HeaderValue = string | { readonly file: string }

/** Set by the HTTP client itself. */
const REFUSED_HEADERS = new Set([
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

/** HTTP sends headers in Latin-1. */
export function isSendable(value: string): boolean {
  return !/[\u0100-\uffff]/.test(value)
}

export const NOT_SENDABLE = 'must hold Latin characters only'

const headerFile = v.pipe(
  v.custom<{ readonly file: unknown }>(
    (value) => isTable(value) && Object.keys(value).join() === 'file',
    'must be a text, or { file = "…" } with the file that holds it',
  ),
  v.transform(({ file }) => file),
  line,
  v.transform((file) => ({ file })),
)

/** A table of HTTP headers. Their values are secrets. */
export const headers: Kind<Readonly<Record<string, HeaderValue>>> = {
  form: 'a table of texts or { file = "…" }, by the name of their header',
  schema: v.pipe(
    tableLike('{ "X-Name" = "value" }'),
    v.record(
      v.pipe(
        v.string(),
        v.regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'is not a valid name of an HTTP header'),
        v.check(
          (name) => !REFUSED_HEADERS.has(name.toLowerCase()),
          'is set by the HTTP client and cannot be given',
        ),
      ),
      v.lazy((value) => (isTable(value) ? headerFile : v.pipe(line, v.check(isSendable, NOT_SENDABLE)))),
    ),
    eachKey((name, names) => {
      const twin = names.find((other) => other.toLowerCase() === name.toLowerCase())
      return twin === name ? null : `is the same header as ${twin}`
    }),
  ),
  resolvePaths: (given, absolute) =>
    Object.fromEntries(
      Object.entries(given).map(([name, value]) => [
        name,
        typeof value === 'string' ? value : { file: absolute(value.file) },
      ]),
    ),
}

/** The keys of `http = { … }`. */
export const HTTP_KEYS = {
  url: parsedBy(parseCheckUrl, 'http://… or https://…'),
  status: {
    form: 'an array of HTTP status codes',
    schema: v.custom<readonly number[]>(
      (value) => Array.isArray(value) && value.length > 0 && value.every(isStatus),
      ({ input }) => `must be an array of HTTP status codes such as [200, 204], got ${quote(input)}`,
    ),
    default: [200],
  },
  body: text,
  timeout: { ...duration('100ms', '5m'), default: '10s' },
  when: { ...choice('running', 'always'), default: 'running' },
}

/** A table that says which URL must answer, and how. */
export const httpCheck: Kind<HttpCheck> = {
  form: `a table of ${Object.keys(HTTP_KEYS).join(', ')}`,
  schema: v.pipe(
    tableLike('{ url = "http://127.0.0.1:8000/health" }'),
    v.looseObject(
      {
        url: HTTP_KEYS.url.schema,
        status: v.optional(HTTP_KEYS.status.schema, HTTP_KEYS.status.default),
        body: v.optional(HTTP_KEYS.body.schema),
        timeout: v.optional(HTTP_KEYS.timeout.schema, HTTP_KEYS.timeout.default),
        when: v.optional(HTTP_KEYS.when.schema, HTTP_KEYS.when.default),
      },
      'needs a url',
    ),
    // Not by a strict object of valibot's, which tells one unknown key only.
    eachKey((key) => {
      const known = Object.keys(HTTP_KEYS)
      if (known.includes(key)) return null
      const near = nearest(key, known)
      return `is an unknown key; ${near === null ? `known are ${known.join(', ')}` : `did you mean "${near}"?`}`
    }),
    v.transform(({ url, status, body, timeout, when }) => ({
      url,
      status,
      body: body ?? null,
      timeoutMs: timeout,
      when,
    })),
  ),
}

function isStatus(code: unknown): boolean {
  return typeof code === 'number' && Number.isInteger(code) && code >= 100 && code <= 599
}

function tableLike(example: string) {
  return v.custom<Table>(isTable, ({ input }) => `must be a table such as ${example}, got ${typeName(input)}`)
}

/** Checks each key of a table; its words for a wrong one follow the place of the key. */
function eachKey<T extends Table>(whyWrong: (key: string, keys: readonly string[]) => string | null) {
  return v.rawCheck<T>(({ dataset: { value: table }, addIssue }) => {
    if (!isTable(table)) return
    const keys = Object.keys(table)
    for (const key of keys) {
      const message = whyWrong(key, keys)
      if (message === null) continue
      addIssue({ message, path: [{ type: 'object', origin: 'value', input: table, key, value: table[key] }] })
    }
  })
}

/** Turns a function that returns a value, or what is wrong, into a step of a schema. */
function parseWith<I, T>(parse: (input: I) => Parsed<T>) {
  return v.rawTransform<I, T>(({ dataset, addIssue, NEVER }) => {
    const parsed = parse(dataset.value)
    if ('value' in parsed) return parsed.value
    addIssue({ message: parsed.wrong })
    return NEVER
  })
}
