import { maskToken } from './secret.ts'

/** The longest message: behind Kuma, e-mail subjects, SMS and chats cut or refuse longer ones. */
export const MESSAGE_LIMIT = 250

// Control characters, line separators, marks that turn the direction of the text around, and what has no width, but for the
// joiner within an emoji such as 👩‍👩‍👧.
const UNPRINTABLE =
  /(?:[\p{Cc}\p{Zl}\p{Zp}\u00ad\u061c\u180e\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]|(?<![\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f])\u200d|\u200d(?!\p{Extended_Pictographic}))+/gu

/** Makes one printable line of a text from outside. Lone surrogates, which no URL can carry, become U+FFFD. */
export function oneLine(text: string): string {
  return text.replaceAll(UNPRINTABLE, ' ').replaceAll(/ {2,}/g, ' ').trim().toWellFormed()
}

/** Makes every character of several lines printable, and leaves the lines as they are. */
export function printable(text: string): string {
  return text.replaceAll(UNPRINTABLE, (found) => found.replaceAll(/[^\n\t]/gu, ' '))
}

/** Returns a value as JSON in which every character is printable: what is not is escaped. */
export function printableJson(value: unknown, indent = 0): string {
  return JSON.stringify(value, null, indent).replaceAll(UNPRINTABLE, escapeUnits)
}

function escapeUnits(text: string): string {
  return text.replaceAll(/[^\n]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** Cuts at a whole character (a cluster such as an emoji with its modifiers counts as one) and marks the cut with `…`. */
export function cut(text: string, limit: number): string {
  if (text.length <= limit) return text
  let kept = ''
  for (const { segment } of new Intl.Segmenter().segment(text.slice(0, limit + 64))) {
    if (kept.length + segment.length > limit - 1) break
    kept += segment
  }
  return `${kept.trimEnd()}…`
}

/**
 * Returns foreign text fit for one of our lines: at most 120 characters, without the token.
 * @param mask hides other secrets; it comes before the cut, which could leave half of one
 */
export function shortText(text: string, token: string, mask: (text: string) => string): string {
  return cut(oneLine(mask(text).replaceAll(token, maskToken(token))), 120)
}

const DURATIONS = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
  ['s', 1],
] as const

/** Returns the two largest units of a time in seconds: `3 d 4 h`, `12 min`, `5 s`. */
export function describeDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  const first = DURATIONS.findIndex(([, size]) => whole >= size)
  if (first === -1) return '0 s'
  let rest = whole
  const parts: string[] = []
  for (const [unit, size] of DURATIONS.slice(first, first + 2)) {
    const count = Math.floor(rest / size)
    rest -= count * size
    if (count > 0) parts.push(`${count} ${unit}`)
  }
  return parts.join(' ')
}

const SIZES = [
  ['GB', 1024 ** 3],
  ['MB', 1024 ** 2],
] as const

/** Returns `612 MB`, `1.3 GB`: by 1024, as superlance counts, and rounded up, so that more than a limit never looks equal to it. */
export function describeSize(bytes: number): string {
  const [unit, size] = SIZES.find(([, one]) => bytes >= one) ?? ['KB', 1024]
  return `${Math.ceil((bytes / size) * 10) / 10} ${unit}`
}

/** Returns a time of day in the local time zone, `12:03`; with its date, `2026-11-20 23:58`, when that is not today. */
export function describeTime(atMs: number, nowMs: number): string {
  const at = new Date(atMs)
  const time = `${two(at.getHours())}:${two(at.getMinutes())}`
  if (isSameDay(atMs, nowMs)) return time
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${time}`
}

/** Tells whether two times have the same date in the local time zone. */
export function isSameDay(aMs: number, bMs: number): boolean {
  return new Date(aMs).toDateString() === new Date(bMs).toDateString()
}

function two(number: number): string {
  return String(number).padStart(2, '0')
}

/** Returns the name by which supervisord knows a program. */
export function fullName({ group, name }: { readonly group: string; readonly name: string }): string {
  return `${group}:${name}`
}

/** Returns the name of a program as supervisorctl shows it: once when it is named like its group. */
export function displayName(program: string): string {
  const [group, ...rest] = program.split(':')
  const name = rest.join(':')
  return group === name ? name : program
}

/** Returns a URL without what its query says, which can hold a key. */
export function withoutQuery(url: string): string {
  return url.replace(/\?.*$/s, '?…')
}
