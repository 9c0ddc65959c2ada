import { formatDuration, parseDuration } from '../lib/duration.ts'
import type { Parsed } from './urls.ts'
import { quote, typeName } from '../lib/quote.ts'
import { formatSize, parseSize } from '../lib/size.ts'

/** What a kind may use while it reads one value. */
interface KindContext {
  /** Tells what is wrong, in words that follow the place; `below` is the key or index inside the value. */
  readonly wrong: (what: string, ...below: (string | number)[]) => void
  /** Makes a path absolute, or leaves it relative to the working directory where it came from a shell. */
  readonly absolute: (path: string) => string
}

/** Reads one configured value, from the file, an option or a variable; null after telling what is wrong with it. */
export interface Kind<T> {
  /** What a right value looks like, for the documentation: `a time from 1s to 24h`. */
  readonly form: string
  /** The words that it takes, or some of them; for the completion of the shells. */
  readonly words?: readonly string[]
  parse(value: unknown, context: KindContext): T | null
}

/** What a kind makes of a configured value. */
export type ValueOf<K> = K extends Kind<infer T> ? T : never

/** One line of text. */
export const text: Kind<string> = {
  form: 'a text',
  parse: (value, { wrong }) => (typeof value === 'string' ? oneLine(value, wrong) : noText(value, wrong)),
}

/** The path of a file, relative to the folder of the configuration; `~/` is the home folder. */
export const path: Kind<string> = {
  form: 'the path of a file',
  parse(value, context) {
    const found = text.parse(value, context)
    return found === null ? null : context.absolute(found)
  },
}

/** A text that has a parser of its own. */
export function parsedBy<T>(
  parse: (text: string) => Parsed<T>,
  form: string,
  words: readonly string[] = [],
): Kind<T> {
  return {
    form,
    words,
    parse(value, context) {
      const found = text.parse(value, context)
      if (found === null) return null
      const result = parse(found)
      if ('value' in result) return result.value
      context.wrong(result.wrong)
      return null
    },
  }
}

/** One of a few words. */
export function choice<const T extends string>(...words: readonly T[]): Kind<T> {
  const quoted = words.map((word) => `"${word}"`)
  const form = `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`
  return {
    form,
    words,
    parse(value, { wrong }) {
      const found = words.find((word) => word === value)
      if (found !== undefined) return found
      wrong(`must be ${form}, got ${quote(value)}`)
      return null
    },
  }
}

/** A time in milliseconds, written with its unit; the limits are written like it and allowed themselves. */
export function duration(min: string, max: string): Kind<number> {
  return {
    form: `a time from ${min} to ${max}`,
    parse(value, { wrong }) {
      // Not before: hardly any of the keys is ever given.
      const [minMs, maxMs] = [parseDuration(min) ?? 0, parseDuration(max) ?? Infinity]
      const seconds = bareNumber(value)
      // Nothing or less is wrong in any unit: its limit says more than a missing unit.
      const ms =
        seconds !== null && seconds <= 0 ? 0 : typeof value === 'string' ? parseDuration(value) : null
      if (seconds !== null && seconds > 0)
        wrong(`needs a unit, got ${quote(value)}; "${seconds}s" is in seconds`)
      else if (ms === null)
        wrong(`must be a time with its unit such as "24s", "5m" or "1h30m", got ${quote(value)}`)
      else if (ms < minMs) wrong(`must be at least ${formatDuration(minMs)}, got ${quote(value)}`)
      else if (ms > maxMs) wrong(`must be at most ${formatDuration(maxMs)}, got ${quote(value)}`)
      else return ms
      return null
    },
  }
}

/** A size in bytes, written with its unit. */
export function size(min: string, max: string): Kind<number> {
  return {
    form: `a size from ${min} to ${max}`,
    parse(value, { wrong }) {
      const [minBytes, maxBytes] = [parseSize(min) ?? 0, parseSize(max) ?? Infinity]
      const bytes = typeof value === 'string' ? parseSize(value) : null
      if (bytes === null) wrong(`must be a size with its unit such as "512MB" or "2GB", got ${quote(value)}`)
      else if (bytes < minBytes) wrong(`must be at least ${formatSize(minBytes)}, got ${quote(value)}`)
      else if (bytes > maxBytes) wrong(`must be at most ${formatSize(maxBytes)}, got ${quote(value)}`)
      else return bytes
      return null
    },
  }
}

/** A whole number, written without quotes. */
export function integer(min: number): Kind<number> {
  return {
    form: `a whole number of at least ${min}`,
    parse(value, { wrong }) {
      if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min) return value
      wrong(`must be a whole number of at least ${min}, got ${quote(value)}`)
      return null
    },
  }
}

/** `true` or `false`; a variable, which is a text, may say `1`, `yes`, `0` or `no` too. */
export const flag: Kind<boolean> = {
  form: 'true or false',
  parse(value, { wrong }) {
    if (typeof value === 'boolean') return value
    if (typeof value === 'string' && /^(1|true|yes|on)$/i.test(value)) return true
    if (typeof value === 'string' && /^(0|false|no|off)$/i.test(value)) return false
    wrong(`must be true or false, got ${quote(value)}`)
    return null
  },
}

/** An array of lines of text, of at least one. */
export const texts: Kind<readonly string[]> = {
  form: 'an array of texts',
  parse(value, context) {
    if (!Array.isArray(value)) {
      context.wrong(`must be an array of texts such as ["celery:*"], got ${quote(value)}`)
      return null
    }
    if (value.length === 0) {
      context.wrong('must not be empty; leave it out')
      return null
    }
    const items = value.map((item: unknown, index) =>
      text.parse(item, { ...context, wrong: (what, ...below) => context.wrong(what, index, ...below) }),
    )
    const right = items.filter((item) => item !== null)
    return right.length < items.length ? null : right
  },
}

function bareNumber(value: unknown): number | null {
  if (typeof value === 'string' && /^\s*-?\d+(\.\d+)?\s*$/.test(value)) return Number(value)
  return typeof value === 'number' && Number.isFinite(value) ? value : null
}

// \p{Cc}, which V8 takes a millisecond to look up at its first use.
// oxlint-disable-next-line no-control-regex -- to be refused
const CONTROL = /[\x00-\x1f\x7f-\x9f]/

/** Never shows the value: the same checks read tokens and passwords. */
function oneLine(value: string, wrong: KindContext['wrong']): string | null {
  const trimmed = value.trim()
  if (trimmed === '') wrong('must not be empty')
  else if (CONTROL.test(trimmed)) wrong('must be one line without control characters')
  else return trimmed
  return null
}

function noText(value: unknown, wrong: KindContext['wrong']): null {
  // Not shown: it may be a password of digits without its quotes.
  wrong(`must be a text in quotes, got ${typeName(value)}`)
  return null
}
