import type { Bell } from './bell.ts'
import type { Clock } from '../lib/clock.ts'
import type { Period } from './period.ts'

/** A cron expression must be asked again after a change of the date. */
const LONGEST_SLEEP_MS = 60_000

/**
 * Sends the heartbeats of one monitor on its period, and at once when the bell rings; that restarts the period.
 *
 * The first ring does not: a fleet that was started together would else push together for ever.
 * @param send must not block
 */
export async function runHeartbeats(
  { period, clock, send }: { period: Period; clock: Clock; send: () => void },
  bell: Bell,
  signal: AbortSignal,
): Promise<void> {
  let dueMs = period.next(clock.now())
  let isFirstRing = true
  for (;;) {
    const rang = await bell.sleep(clock, Math.min(dueMs - clock.now(), LONGEST_SLEEP_MS), signal)
    if (signal.aborted) return
    if (rang || clock.now() >= dueMs) {
      send()
      if (rang && !isFirstRing) period.restart(clock.now())
      isFirstRing &&= !rang
      dueMs = period.next(clock.now())
    } else {
      dueMs = Math.min(dueMs, period.next(clock.now()))
    }
  }
}
