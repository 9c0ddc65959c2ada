import type { Log } from '../lib/log.ts'
import type { Clock } from '../lib/clock.ts'
import { runHeartbeats } from './heartbeats.ts'
import { DOUBT_MS, type Monitor, type Telling } from './monitor.ts'
import type { Period } from './period.ts'
import { Restarts } from './restarts.ts'
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
  /** Called with a mistake of ours that ended a loop; false when the agent must not go on. */
  readonly onFault: (where: string, error: unknown) => boolean
  /** Given, before the first check, what tells whether every watch has finished a round of late. */
  readonly onStart: (isFresh: () => boolean) => void
  /** Called when a restart was begun and when it has ended. */
  readonly onRestart: (monitor: Monitor) => void
}

/** Before a loop that a mistake ended begins anew. */
const RESTART_MS = 5_000

/** More than any check with all its deadlines may take, so that only an agent that hangs gets there. */
const STALE_CHECKS = 3
const STALE_MARGIN_MS = 60_000

/** Checks and sends heartbeats until aborted: every watch on its own, so that one that hangs delays no other. */
export async function runAgent(options: AgentOptions, signal: AbortSignal): Promise<void> {
  const { watches, checkEveryMs, clock, log, offer, onFault, onRestart } = options
  const roundMs = new Map(watches.map((watch) => [watch, clock.now()]))
  options.onStart(() => [...roundMs].every(([watch, atMs]) => clock.now() - atMs <= staleMs(watch)))
  const onChange = (monitor: Monitor): void => {
    monitor.bell.ring()
    options.onChange(monitor)
  }
  const keep = async (where: string, loop: () => Promise<void>): Promise<void> => {
    for (;;) {
      try {
        await loop()
        return
      } catch (error) {
        if (!onFault(where, error)) throw error
        await clock.sleep(RESTART_MS, signal)
      }
    }
  }
  const heartbeats = (monitor: Monitor, watch: Watch): Promise<void> => {
    const askAgain = async (): Promise<void> => {
      await clock.sleep(DOUBT_MS, signal)
      if (monitor.isInDoubt) monitor.bell.ring()
    }
    const send = (): void => {
      const before = monitor.verdict?.status
      const telling = monitor.heartbeat(clock.now(), staleMs(watch))
      if (telling !== null) offer(monitor, telling)
      else if (monitor.isInDoubt) void askAgain()
      if (monitor.verdict?.status !== before) options.onChange(monitor)
    }
    return runHeartbeats({ period: options.createPeriod(), clock, send }, monitor.bell, signal)
  }
  const checks = async (watch: Watch, restarts: Restarts): Promise<void> => {
    const onRound = (): void => void roundMs.set(watch, clock.now())
    await runWatch(watch, { checkEveryMs, clock, log, onRound, onChange, restarts }, signal)
    await restarts.ended()
  }
  const loops = watches.flatMap((watch) => {
    const onEnd = (monitor: Monitor): void => {
      watch.bell.ring()
      onRestart(monitor)
    }
    const restarts = new Restarts(watch.restart, { clock, log, onBegin: onRestart, onEnd })
    return [
      keep(`the checks of ${watch.name}`, () => checks(watch, restarts)),
      ...watch.monitors.map((monitor) =>
        keep(`the heartbeats of ${monitor.name}`, () => heartbeats(monitor, watch)),
      ),
    ]
  })
  await Promise.all(loops)
}

function staleMs({ checks }: Watch): number {
  return STALE_CHECKS * checks.everyMs + STALE_MARGIN_MS
}
