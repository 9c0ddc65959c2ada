/** `p50 41 ms, p95 88 ms, max 120 ms` as cells of a table row. */
export function describeTimes(times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number): string =>
    formatTime(sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? 0)
  return `| ${at(0.5)} | ${at(0.95)} | ${formatTime(sorted.at(-1) ?? 0)} | ${times.length} |`
}

/** Two or three digits that mean something: `41 ms`, `2.7 s`. */
function formatTime(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`
}
