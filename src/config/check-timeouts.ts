import { bestIntervalSeconds, DEADLINE_MARGIN_MS } from './check-timing.ts'
import type { Config, KumaConfig } from './config.ts'
import { formatDuration } from '../lib/duration.ts'
import { LONGEST_TIMEOUT_MS } from './push-timeouts.ts'
import type { Rhythm } from './rhythm.ts'

/** Before Kuma's alarm the next heartbeat must have arrived, and not only have left. */
const TRAVEL_MS = 2000

/**
 * Says of each Kuma why its `timeout` does not go with the heartbeats, with the number that would: a push that brings
 * news and gets no answer holds up the next one.
 */
export function checkTimeouts(
  { kumas, monitors }: Pick<Config, 'kumas' | 'monitors'>,
  rhythm: Rhythm,
): string[] {
  return kumas.flatMap((kuma) => {
    const intervals = monitors
      .filter(({ push }) => push?.kuma === kuma.name)
      .map(({ kumaIntervalMs }) => kumaIntervalMs ?? bestIntervalSeconds(rhythm.everyMs) * 1000)
    return checkTimeout(kuma, Math.min(...intervals), rhythm, kumas.length > 1) ?? []
  })
}

function checkTimeout(
  { name, timeoutMs }: KumaConfig,
  intervalMs: number,
  { everyMs, name: rhythm }: Rhythm,
  isOneOfMany: boolean,
): string | null {
  const alarmMs = intervalMs + DEADLINE_MARGIN_MS
  const longestMs = alarmMs - everyMs - Math.min(TRAVEL_MS, everyMs / 4)
  if (timeoutMs <= longestMs) return null
  const bestMs = Math.min(LONGEST_TIMEOUT_MS, longestMs)
  const best = bestMs >= 5000 ? Math.floor(bestMs / 1000) * 1000 : Math.floor(bestMs / 100) * 100
  return (
    `kuma.timeout ${formatDuration(timeoutMs)}${isOneOfMany ? ` of "${name}"` : ''} does not go with ${rhythm}: a ` +
    `heartbeat without an answer would hold up the next one until ${(everyMs + timeoutMs) / 1000} s after the last ` +
    `that arrived, and Kuma gives its alarm after ${alarmMs / 1000} s (Heartbeat Interval ${intervalMs / 1000}); ` +
    `set timeout = "${formatDuration(best)}" under [kuma]`
  )
}
