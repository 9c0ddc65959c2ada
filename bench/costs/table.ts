/** One measure: ours beside another's, in one run. */
export interface Row {
  /** The line of Node, `20`. */
  readonly node: string
  readonly measure: string
  readonly ours: string
  readonly beside: string
  /** Ours divided by the other's; null where nothing is to be compared. */
  readonly ratio: number | null
  /** The most that it should be; null where it is only printed. */
  readonly target: number | null
}

/** Returns the rows as a table in Markdown. */
export function printRows(rows: readonly Row[]): string {
  const lines = rows.map(({ node, measure, ours, beside, ratio, target }) => {
    const printed = ratio === null ? '' : `${ratio.toFixed(2)} ×`
    const met = ratio === null || target === null ? '' : ratio <= target ? 'yes' : '**no**'
    return `| ${node} | ${measure} | ${ours} | ${beside} | ${printed} | ${target === null ? '' : `≤ ${target} ×`} | ${met} |`
  })
  return [
    '| Node | measure | ours | beside | ratio | target | met |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...lines,
  ].join('\n')
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN
}
