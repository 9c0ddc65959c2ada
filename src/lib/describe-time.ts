/** A time of day in the local time zone, `12:03`; with its date, `2026-11-20 23:58`, when that is not today. */
export function describeTime(atMs: number, nowMs: number): string {
  const at = new Date(atMs)
  const time = `${two(at.getHours())}:${two(at.getMinutes())}`
  if (isSameDay(atMs, nowMs)) return time
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${time}`
}

/** Whether two times have the same date in the local time zone. */
export function isSameDay(aMs: number, bMs: number): boolean {
  return new Date(aMs).toDateString() === new Date(bMs).toDateString()
}

function two(number: number): string {
  return String(number).padStart(2, '0')
}
