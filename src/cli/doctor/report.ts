import { version } from '../../../package.json'
import { oneLine, printableJson } from '../../lib/text.ts'
import { paint, wrapWords, type Style } from '../screen.ts'

/** The result of one check about one thing. */
export interface Finding {
  /** `skipped`: it does not apply, or cannot be known before something else is mended. */
  readonly result: 'ok' | 'failed' | 'skipped'
  /** The supervisord, monitor or Kuma that it is about; null where there is only one. */
  readonly of: string | null
  /** One line. */
  readonly says: string
  /** The command to type or the line to write; null unless it failed. */
  readonly remedy: string | null
  /** Left out: as long as the check. */
  readonly ms?: number
}

export type Details = Partial<Pick<Finding, 'of' | 'ms'>>

export function ok(says: string, details: Details = {}): Finding {
  return { result: 'ok', of: null, says, remedy: null, ...details }
}

export function failed(says: string, remedy: string, details: Details = {}): Finding {
  return { result: 'failed', of: null, says, remedy, ...details }
}

export function skipped(says: string, details: Details = {}): Finding {
  return { result: 'skipped', of: null, says, remedy: null, ...details }
}

/** A finding with the check that it came from. */
export interface Line extends Finding {
  readonly check: string
  readonly ms: number
}

/** Words in a column narrower than this are worse to read than lines that the terminal breaks. */
const MIN_WIDTH = 32

const MARKS = {
  utf8: { ok: '✓', failed: '✗', skipped: '–' },
  ascii: { ok: 'ok  ', failed: 'FAIL', skipped: '-   ' },
} as const

const COLOURS = { ok: 'green', failed: 'red', skipped: 'dim' } as const

/**
 * Formats `✓ socket         1 ms  unix:///run/supervisor.sock by …`, with the remedy below where there is one.
 * @param columns of the terminal; null where there is none. The remedy, which is to be copied, is not broken into lines.
 */
export function formatLine(
  { check, of, result, says, remedy, ms }: Line,
  columns: number | null,
  style: Style,
): string {
  const mark = paint(MARKS[style.isUtf8 ? 'utf8' : 'ascii'][result], COLOURS[result], style)
  const time = `${Math.round(ms)} ms`.padStart(8)
  const indent = ' '.repeat(style.isUtf8 ? 24 : 27)
  const text = oneLine(of === null ? says : `${of}: ${says}`)
  const lines = columns === null ? [text] : wrapWords(text, Math.max(MIN_WIDTH, columns - 1 - indent.length))
  const line = `${mark} ${check.padEnd(12)}${time}  ${lines.join(`\n${indent}`)}\n`
  return remedy === null ? line : `${line}${indent}${style.isUtf8 ? '→' : '->'} ${oneLine(remedy)}\n`
}

export function formatEnd(lines: readonly Line[], style: Style): string {
  const bad = lines.filter(({ result }) => result === 'failed')
  if (bad.length === 0) return `\n${paint('All is well.', COLOURS.ok, style)}\n`
  const names = [...new Set(bad.map(({ check }) => check))].join(', ')
  return `\n${paint(`Not well: ${names}.`, COLOURS.failed, style)}\n`
}

/** Formats the stable form for scripts; see the README. */
export function formatJson(lines: readonly Line[]): string {
  const checks = lines.map(({ check, of, result, ms, says, remedy }) => ({
    check,
    of,
    result,
    ms: Math.round(ms),
    says,
    remedy,
  }))
  const isWell = lines.every(({ result }) => result !== 'failed')
  return `${printableJson({ version, ok: isWell, checks }, 2)}\n`
}
