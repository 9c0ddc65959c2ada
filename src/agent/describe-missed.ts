import { cut, describeTime, isSameDay, MESSAGE_LIMIT } from '../lib/text.ts'
import type { MissedMemory, Turn } from './missed.ts'

/** A change that is told this soon is told on time. */
const ON_TIME_MS = 60_000
/** Less of a row than this says nothing. */
const SHORTEST_ROW = 40

/**
 * Adds what Kuma has missed to a message: `12 of 12 running · was down 12:03 to 12:07: celery FATAL`. Oldest first; what
 * does not fit is counted.
 * @param nowMs wall clock
 */
export function withMissed(message: string, memory: MissedMemory, nowMs: number): string {
  const rows = describeMissed(memory, nowMs)
  const total = rows.length + memory.forgotten
  if (total === 0) return message
  const room = MESSAGE_LIMIT - message.length - ' · '.length
  for (let count = rows.length; count > 0; count -= 1) {
    const text = `${rows.slice(0, count).join(' · ')}${more(total - count)}`
    if (text.length <= room) return `${message} · ${text}`
  }
  const suffix = more(total - 1)
  const roomForRow = room - suffix.length
  if (roomForRow >= SHORTEST_ROW) return `${message} · ${cut(rows[0] ?? '', roomForRow)}${suffix}`
  const text = `${total} more while Kuma was away`
  return text.length <= room ? `${message} · ${text}` : message
}

function describeMissed({ toldStatus, turns }: MissedMemory, nowMs: number): string[] {
  // A time that it was up is news only to a Kuma that thinks it was down all along.
  const isTold = turns.map(({ status }, index) => status === 'down' || (index === 0 && toldStatus === 'down'))
  const rows = turns.slice(0, -1).flatMap((turn, index) => {
    const until = turns[index + 1]
    return isTold[index] === true && until !== undefined ? [describeSpan(turn, until, nowMs)] : []
  })
  const now = turns.at(-1)
  if (now === undefined || toldStatus === null || isTold.at(-2) === true) return rows
  return nowMs - now.atMs < ON_TIME_MS
    ? rows
    : [...rows, `${now.status} since ${describeTime(now.atMs, nowMs)}`]
}

/** `was down 12:03 to 12:07: celery FATAL`, `was up at 12:03` */
function describeSpan({ status, atMs, why }: Turn, until: Turn, nowMs: number): string {
  const from = describeTime(atMs, nowMs)
  const isSameMinute = from === describeTime(until.atMs, nowMs)
  const to = describeTime(until.atMs, isSameDay(atMs, until.atMs) ? atMs : nowMs)
  const span = isSameMinute ? `at ${from}` : `${from} to ${to}`
  return `was ${status} ${span}${status === 'down' ? `: ${why}` : ''}`
}

function more(count: number): string {
  return count > 0 ? ` (+${count} more)` : ''
}
