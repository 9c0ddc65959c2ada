import { version } from '../../../package.json'
import { oneLine } from '../../lib/text.ts'
import { paint, type Style } from '../screen.ts'
import { wrapWords } from '../screen.ts'
import type { Finding } from './check.ts'

/** A finding with the check that it came from. */
export interface Line extends Finding {
  readonly check: string
  readonly ms: number
}

/** Words in a column narrower than this are worse to read than lines that the terminal breaks. */
const NARROWEST = 32

const MARKS = {
  utf8: { ok: '✓', failed: '✗', skipped: '–' },
  ascii: { ok: 'ok  ', failed: 'FAIL', skipped: '-   ' },
} as const

const COLOURS = { ok: 'green', failed: 'red', skipped: 'dim' } as const

/**
 * `✓ socket         1 ms  unix:///run/supervisor.sock by …`, with the remedy below where there is one.
 * @param columns of the terminal; null where there is none. What is to be copied from there is not broken into lines.
 */
export function describeLine(
  { check, of, result, says, remedy, ms }: Line,
  columns: number | null,
  style: Style,
): string {
  const mark = paint(MARKS[style.isUtf8 ? 'utf8' : 'ascii'][result], COLOURS[result], style)
  const time = `${Math.round(ms)} ms`.padStart(8)
  const about = of === null ? '' : `${of}: `
  const indent = ' '.repeat(style.isUtf8 ? 24 : 27)
  const text = oneLine(`${about}${says}`)
  const lines = columns === null ? [text] : wrapWords(text, Math.max(NARROWEST, columns - 1 - indent.length))
  const line = `${mark} ${check.padEnd(12)}${time}  ${lines.join(`\n${indent}`)}\n`
  if (remedy === null) return line
  return `${line}${indent}${style.isUtf8 ? '→' : '->'} ${oneLine(remedy)}\n`
}

export function describeEnd(lines: readonly Line[], style: Style): string {
  const bad = lines.filter(({ result }) => result === 'failed')
  if (bad.length === 0) return `\n${paint('All is well.', COLOURS.ok, style)}\n`
  const names = [...new Set(bad.map(({ check }) => check))].join(', ')
  return `\n${paint(`Not well: ${names}.`, COLOURS.failed, style)}\n`
}

/** The stable form for scripts; see the README. */
export function describeAsJson(lines: readonly Line[]): string {
  const ok = lines.every(({ result }) => result !== 'failed')
  const checks = lines.map(({ check, of, result, ms, says, remedy }) => ({
    check,
    of,
    result,
    ms: Math.round(ms),
    says,
    remedy,
  }))
  return `${JSON.stringify({ version, ok, checks }, null, 2)}\n`
}
