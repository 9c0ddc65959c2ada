const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
] as const

const GRAMMAR = new RegExp(`^${UNITS.map(([unit]) => `(?:(\\d+(?:\\.\\d+)?)${unit})?`).join(' ?')}$`)

/** Parses `500ms`, `24s`, `1.5h` or `1h30m` to milliseconds; null for anything else, a bare number included. */
export function parseDuration(text: string): number | null {
  const match = GRAMMAR.exec(text.trim())
  if (match === null || match[0] === '') return null
  const ms = UNITS.reduce((sum, [, size], index) => sum + Number(match[index + 1] ?? 0) * size, 0)
  return Math.round(ms)
}

/** Writes milliseconds as `parseDuration` reads them: `24s`, `1h30m`, `0s`. */
export function formatDuration(ms: number): string {
  let rest = ms
  let text = ''
  for (const [unit, size] of UNITS) {
    const count = Math.floor(rest / size)
    if (count > 0) text += `${count}${unit}`
    rest -= count * size
  }
  return text === '' ? '0s' : text
}
