import { formatDuration } from '../lib/duration.ts'
import type { Given } from '../lib/place.ts'
import type { Rhythm } from './rhythm.ts'

/** Kuma gives its alarm this long after a heartbeat and the interval (measured, 1.23.17 and 2.5.3). */
export const DEADLINE_MARGIN_MS = 1000
/** A heartbeat this near to Kuma's own look meets it sooner or later. */
const TOO_NEAR_MS = 2000
/** Between shorter periods no look of Kuma's is far from a heartbeat. */
const SHORTEST_WITH_RESONANCE_MS = 4000
const MOST_WITH_RESONANCE = 6
/** Kuma's versions before 2.1 take no shorter interval. */
const SHORTEST_OLD_INTERVAL_MS = 20_000

/** Where a lost heartbeat leaves a whole further one before the deadline, and the deadline falls midway between two. */
const BEST_SHARE = 0.4

/**
 * Says why heartbeats and the interval of their monitor in Kuma cannot work together, with the numbers that would; null
 * when they can.
 */
export function checkTiming(interval: Given<number>, rhythm: Rhythm): string | null {
  if (interval.value === null) return null
  const trouble = findTrouble(interval.value, rhythm.everyMs)
  if (trouble === null) return null
  const period = rhythm.isPeriod
    ? `set push_every = "${formatDuration(bestPeriod(interval.value))}", or `
    : ''
  const seconds = bestIntervalSeconds(rhythm.everyMs)
  const version = seconds * 1000 < SHORTEST_OLD_INTERVAL_MS ? ' (Kuma 2.1 or newer)' : ''
  return (
    `${interval.place.label} ${formatDuration(interval.value)} does not go with ${rhythm.name}: ${trouble}; ` +
    `${period}set Heartbeat Interval ${seconds} in Kuma${version} and kuma_interval = "${formatDuration(seconds * 1000)}"`
  )
}

/** The Heartbeat Interval, in seconds, that goes with heartbeats this often. */
export function bestIntervalSeconds(everyMs: number): number {
  return Math.ceil(everyMs / BEST_SHARE / 1000)
}

/** The same, for a monitor that every version of Kuma takes and that no heartbeat meets Kuma's own look of. */
export function safeIntervalSeconds(everyMs: number): number {
  let seconds = Math.max(bestIntervalSeconds(everyMs), SHORTEST_OLD_INTERVAL_MS / 1000)
  while (findTrouble(seconds * 1000, everyMs) !== null) seconds += 1
  return seconds
}

function bestPeriod(intervalMs: number): number {
  const ms = BEST_SHARE * intervalMs
  return ms >= 5000 ? Math.round(ms / 1000) * 1000 : Math.max(Math.round(ms), 1000)
}

function findTrouble(intervalMs: number, everyMs: number): string | null {
  const nearMs = Math.min(TOO_NEAR_MS, everyMs / 4)
  const alarmSeconds = (intervalMs + DEADLINE_MARGIN_MS) / 1000
  const alarm = `Kuma gives its alarm ${alarmSeconds} s after a heartbeat`
  if (everyMs >= intervalMs + DEADLINE_MARGIN_MS + nearMs) return `${alarm}, before the next one comes`
  if (everyMs > intervalMs - nearMs) return `${alarm}, and the next one races with it`
  if (2 * everyMs > intervalMs - nearMs) return `${alarm}, so that one lost heartbeat is a false alarm`
  // Kuma looks when an interval has passed since a heartbeat it saw: at a multiple of the period, another one comes then.
  // With more heartbeats than that to one look, hardly any of them is a change that could be lost.
  if (everyMs < SHORTEST_WITH_RESONANCE_MS || intervalMs > MOST_WITH_RESONANCE * everyMs) return null
  const beforeMs = intervalMs % everyMs
  const afterMs = everyMs - beforeMs - DEADLINE_MARGIN_MS
  return beforeMs < nearMs || afterMs < nearMs
    ? 'heartbeats come at the moment in which Kuma looks for itself, where it has lost alarms'
    : null
}
