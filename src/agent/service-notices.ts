import { Bell } from './bell.ts'
import type { Clock } from '../lib/clock.ts'
import type { Monitor } from './monitor.ts'
import type { ServiceManager } from '../collect/systemd/service-manager.ts'

/** Keeps systemd informed: ready, reloading, stopping, the verdict, and that the checks still run. */
export interface ServiceNotices {
  /** These are the monitors from now on; `isFresh` tells whether all checks have run of late. */
  watch(monitors: readonly Monitor[], isFresh: () => boolean): void
  /** A heartbeat was delivered, or answered once and for all. */
  answered(): void
  /** A verdict has changed. */
  changed(): void
  reloading(): void
  /** Done, or refused. */
  reloaded(): void
  /** Tells until aborted, that it stops last. */
  run(signal: AbortSignal): Promise<void>
}

/** A Kuma that is away must not hold up the boot of the host. */
const READY_WITHIN_MS = 10_000
/** What comes together is told by one process. */
const TOGETHER_MS = 100
const STATUS_EVERY_MS = 60_000

export function createServiceNotices(manager: ServiceManager, clock: Clock): ServiceNotices {
  const bell = new Bell()
  const everyMs = manager.watchdogMs === null ? STATUS_EVERY_MS : manager.watchdogMs / 2
  let monitors: readonly Monitor[] = []
  let isFresh: (() => boolean) | null = null
  let isReady = false
  let isReadyTold = false
  let toldStatus = ''

  const news = (): string[] => {
    const status = describeStatus(monitors)
    const assignments = [
      ...(isReady && !isReadyTold ? ['READY=1'] : []),
      ...(status === toldStatus ? [] : [`STATUS=${status}`]),
      ...(manager.watchdogMs !== null && isFresh?.() !== false ? ['WATCHDOG=1'] : []),
    ]
    isReadyTold ||= isReady
    toldStatus = status
    return assignments
  }

  return {
    watch(now, freshness) {
      monitors = now
      isFresh = freshness
    },
    answered() {
      if (!isReady) bell.ring()
      isReady = true
    },
    changed: () => bell.ring(),
    reloading() {
      isReadyTold = false
      const microseconds = Math.round(clock.now() * 1000)
      void manager.notify(['RELOADING=1', `MONOTONIC_USEC=${microseconds}`])
    },
    reloaded: () => bell.ring(),
    async run(signal) {
      const readyByMs = clock.now() + READY_WITHIN_MS
      for (;;) {
        const waitMs = isReady ? everyMs : Math.min(everyMs, readyByMs - clock.now())
        if (await bell.sleep(clock, waitMs, signal)) await clock.sleep(TOGETHER_MS, signal)
        if (signal.aborted) break
        bell.hush()
        isReady ||= clock.now() >= readyByMs
        const assignments = news()
        if (assignments.length > 0) await manager.notify(assignments)
      }
      await manager.notify(['STOPPING=1', 'STATUS=stopping'])
    },
  }
}

function describeStatus(monitors: readonly Monitor[]): string {
  const verdicts = monitors.flatMap(({ name, verdict }) => (verdict === null ? [] : [{ name, ...verdict }]))
  const [first] = verdicts
  if (first === undefined) return 'the first check is under way'
  if (monitors.length === 1) return `${first.status.toUpperCase()}: ${first.message}`
  const down = verdicts.filter(({ status }) => status === 'down')
  const [worst] = down
  if (worst === undefined) return `${monitors.length} monitors, none DOWN`
  return `${down.length} of ${monitors.length} monitors DOWN: ${worst.name}: ${worst.message}`
}
