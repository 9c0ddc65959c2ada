import type { Log } from '../log.ts'
import { Bell } from './bell.ts'
import type { Clock } from './clock.ts'
import { runHeartbeats } from './heartbeats.ts'
import type { Monitor, Telling } from './monitor.ts'
import type { Period } from './period.ts'
import { runWatch, type Watch } from './watch.ts'

export interface AgentOptions {
  readonly watches: readonly Watch[]
  readonly checkEveryMs: number
  /** A new one for each monitor. */
  readonly createPeriod: () => Period
  readonly clock: Clock
  readonly log: Log
  /** Hands a heartbeat to the monitor's outbox; must not block. */
  readonly offer: (monitor: Monitor, telling: Telling) => void
  /** Called after every change of a verdict. */
  readonly onChange: (monitor: Monitor) => void
}

/** More than any check with all its deadlines may take, so that only an agent that hangs gets there. */
const STALE_CHECKS = 3
const STALE_MARGIN_MS = 60_000

/** Checks and sends heartbeats until aborted: every watch on its own, so that one that hangs delays no other. */
export async function runAgent(options: AgentOptions, signal: AbortSignal): Promise<void> {
  const { watches, checkEveryMs, clock, log, offer } = options
  const staleMs = STALE_CHECKS * checkEveryMs + STALE_MARGIN_MS
  const loops = watches.flatMap((watch) => {
    const bells = new Map(watch.monitors.map((monitor) => [monitor, new Bell()]))
    const onChange = (monitor: Monitor): void => {
      bells.get(monitor)?.ring()
      options.onChange(monitor)
    }
    return [
      runWatch(watch, { checkEveryMs, clock, log, onChange }, signal),
      ...[...bells].map(([monitor, bell]) => {
        const send = (): void => {
          const telling = monitor.heartbeat(clock.now(), staleMs)
          if (telling !== null) offer(monitor, telling)
        }
        return runHeartbeats({ period: options.createPeriod(), clock, send }, bell, signal)
      }),
    ]
  })
  await Promise.all(loops)
}
