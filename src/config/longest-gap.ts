/** Enough for the nights and the weekend of most schedules. */
const GAPS_LOOKED_AT = 200
const HORIZON_MS = 400 * 86_400_000

/** The longest time between two of the next times of a cron expression, in milliseconds. */
export async function longestGap(schedule: string): Promise<number> {
  const { CronTime } = await import('cron')
  const times = new CronTime(schedule)
  const first = times.sendAt().toMillis()
  let at = first
  let longest = 0
  for (let count = 0; count < GAPS_LOOKED_AT && at - first < HORIZON_MS; count += 1) {
    const next = times.getNextDateFrom(new Date(at)).toMillis()
    longest = Math.max(longest, next - at)
    at = next
  }
  return longest
}
