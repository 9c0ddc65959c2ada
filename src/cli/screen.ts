import { takesEscapes, type Terminal } from './terminal.ts'

/** The abilities of the terminal that a text is formatted for. */
export interface Style {
  /** It shows more than ASCII. */
  readonly isUtf8: boolean
  readonly hasColours: boolean
}

/** ASCII where the locale is not UTF-8, and no colours but on a terminal that has them. */
export function styleOf({ env, isScreen }: Pick<Terminal, 'env' | 'isScreen'>): Style {
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find((value) => (value ?? '') !== '') ?? ''
  return {
    isUtf8: /utf-?8/i.test(locale),
    hasColours: takesEscapes({ env, isScreen }) && (env['NO_COLOR'] ?? '') === '',
  }
}

const COLOURS = { red: 31, green: 32, yellow: 33, bold: 1, dim: 2 } as const

export type Colour = keyof typeof COLOURS

export function paint(text: string, colour: Colour | null, { hasColours }: Style): string {
  return hasColours && colour !== null && text !== '' ? `\u001B[${COLOURS[colour]}m${text}\u001B[0m` : text
}

const SEGMENTER = new Intl.Segmenter()
// East Asian letters and most emoji take two columns.
const WIDE =
  /^[\p{Emoji_Presentation}\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6\u{20000}-\u{3FFFD}]/u
const ASCII = /^[\x20-\x7E]*$/
const INVISIBLE = /^[\p{Mn}\p{Me}\p{Cf}]+$/u

/** Returns how many columns of a terminal a text takes. */
export function textWidth(text: string): number {
  if (ASCII.test(text)) return text.length
  let width = 0
  for (const { segment } of SEGMENTER.segment(text)) width += segmentWidth(segment)
  return width
}

/** Cuts a text to so many columns, marks the cut with `…`, and fills up with spaces. */
export function fit(text: string, columns: number): string {
  const width = textWidth(text)
  if (width <= columns) return text + ' '.repeat(columns - width)
  let kept = ''
  let used = 0
  for (const { segment } of SEGMENTER.segment(text)) {
    const more = segmentWidth(segment)
    if (used + more > columns - 1) break
    kept += segment
    used += more
  }
  return `${kept}…${' '.repeat(Math.max(0, columns - used - 1))}`
}

/** Breaks a text into lines of so many columns; a word that is longer is cut. */
export function wrap(text: string, columns: number): string[] {
  return wrapWords(text, columns).map((line) => (textWidth(line) > columns ? fit(line, columns) : line))
}

/** Breaks a text between words into lines of so many columns, longer only where a word is. */
export function wrapWords(text: string, columns: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && textWidth(`${line} ${word}`) > columns) {
      lines.push(line)
      line = ''
    }
    line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}

function segmentWidth(segment: string): number {
  if (WIDE.test(segment)) return 2
  return INVISIBLE.test(segment) ? 0 : 1
}
