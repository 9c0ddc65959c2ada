import { messageOf, traceOf } from '../lib/errors.ts'
import type { Log } from '../lib/log.ts'

const MINUTE_MS = 60_000
const REMINDER_MS = 60 * MINUTE_MS
/** This many within a minute, and nothing that the agent says can be trusted any more. */
const MOST_PER_MINUTE = 5
/** Bounds what is remembered of faults that are worded anew each time. */
const MOST_REMEMBERED = 50

/** What becomes of mistakes of ours that no round, push or command has caught. */
export interface Faults {
  /**
   * Logs a fault, when it is new or an hour has passed, and reports it.
   * @param where what failed, for the log
   * @returns false when there were too many: the process must end then, to be started anew
   */
  take(where: string, error: unknown): boolean
}

interface FaultsOptions {
  readonly log: Log
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** Tells it to Kuma. */
  readonly report: (message: string) => void
}

export function createFaults({ log, now, report }: FaultsOptions): Faults {
  const logged = new Map<string, { atMs: number; unlogged: number }>()
  let recent: number[] = []

  function tell(where: string, message: string, error: unknown): void {
    const known = logged.get(message)
    if (known !== undefined && now() - known.atMs < REMINDER_MS) {
      known.unlogged += 1
      return
    }
    const again =
      known === undefined || known.unlogged === 0 ? '' : ` (${known.unlogged} times more since the last line)`
    if (logged.size >= MOST_REMEMBERED) logged.clear()
    logged.set(message, { atMs: now(), unlogged: 0 })
    log.error(`agent error in ${where}${again}: ${traceOf(error)}`)
  }

  return {
    take(where, error) {
      const message = messageOf(error)
      recent = [...recent.filter((atMs) => now() - atMs < MINUTE_MS), now()]
      tell(where, message, error)
      if (recent.length >= MOST_PER_MINUTE) {
        log.error(`${recent.length} agent errors within a minute: giving up, to be started anew`)
        return false
      }
      report(message)
      return true
    },
  }
}
