/** One measure: ours beside another's, in one run. */
export interface Row {
  readonly measure: string
  readonly ours: string
  readonly beside: string
  /** Ours divided by the other's; null where nothing is to be compared. */
  readonly ratio: number | null
  /** What it should be at most; null where it is only printed. */
  readonly target: number | null
}

/** The rows as a table in Markdown. */
export function printRows(rows: readonly Row[]): string {
  const lines = rows.map(({ measure, ours, beside, ratio, target }) => {
    const told = ratio === null ? '' : `${ratio.toFixed(2)} ×`
    const met = ratio === null || target === null ? '' : ratio <= target ? 'yes' : '**no**'
    return `| ${measure} | ${ours} | ${beside} | ${told} | ${target === null ? '' : `≤ ${target} ×`} | ${met} |`
  })
  return [
    '| measure | ours | beside | ratio | target | met |',
    '| --- | --- | --- | --- | --- | --- |',
    ...lines,
  ].join('\n')
}

/** The middle one. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN
}
