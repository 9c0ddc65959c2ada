import type { Collector, Snapshot } from '../collect/snapshot.ts'
import type { Clock } from '../lib/clock.ts'
import { messageOf, traceOf } from '../lib/errors.ts'
import type { Log } from '../lib/log.ts'
import type { Monitor } from './monitor.ts'
import type { Pacing } from './pacing.ts'
import type { Restarter } from './restarter.ts'
import type { Wake } from './wake.ts'

/** A snapshot and when it was judged, in monotonic milliseconds. */
export interface LastSnapshot {
  readonly snapshot: Snapshot
  readonly atMs: number
}

/** A target that has completed no check for so many of its periods and this time hangs: no check with all its deadlines gets there. */
const STALE_PERIODS = 3
const STALE_MARGIN_MS = 60_000

/** A cron expression must be asked again after a change of the date. */
const MAX_SLEEP_MS = 60_000

/** How long `once` checks again what may be passing. */
const SETTLE_MS = 12_000

export interface TargetParts {
  readonly name: string
  readonly collector: Pick<Collector, 'snapshot' | 'readVersion' | 'deaths' | 'close'>
  readonly monitors: readonly Monitor[]
  /** Starts a check at once. */
  readonly wake: Wake
  readonly pacing: Pacing
  /** Null where nothing is restarted: for a plain unit, and for whoever changes nothing. */
  readonly restarter: Restarter | null
}

/** One supervisord or one plain unit, with every monitor over it: they share each snapshot. */
export class Target {
  readonly name: string
  readonly collector: TargetParts['collector']
  readonly monitors: readonly Monitor[]
  readonly wake: Wake
  readonly pacing: Pacing
  readonly #restarter: Restarter | null
  readonly #clock: Clock
  readonly #log: Log
  #last: LastSnapshot | null = null
  /** When the last check was completed, however it ended. */
  #completedMs: number
  /** The last exception that was logged: one that comes with every check is logged once. */
  #loggedError = ''

  constructor(parts: TargetParts, clock: Clock, log: Log) {
    this.name = parts.name
    this.collector = parts.collector
    this.monitors = parts.monitors
    this.wake = parts.wake
    this.pacing = parts.pacing
    this.#restarter = parts.restarter
    this.#clock = clock
    this.#log = log
    this.#completedMs = clock.now()
  }

  /** Null before the first. */
  get last(): LastSnapshot | null {
    return this.#last
  }

  /** True while a check was completed of late: an agent that hangs in one is to be started again. */
  get isAlive(): boolean {
    return this.#clock.now() - this.#completedMs <= this.#staleMs
  }

  /** Checks until stopped, at the times of its pacing and whenever it is woken. Checks never overlap. */
  async run(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      await this.#check(stop)
      const isWoken = await this.wake.wait(this.#clock, this.pacing.nextDelay(this.#clock.now()), stop)
      await this.#clock.sleep(this.pacing.gatherDelay(isWoken, this.#clock.now()), stop)
      this.wake.clear()
    }
    await this.#restarter?.ended()
  }

  /** Sends the heartbeats that are due until stopped: beside the checks, since one may hang until its deadline. */
  async sendHeartbeats(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      const nowMs = this.#clock.now()
      const dueMs = this.monitors.map((monitor) => monitor.sendDue(nowMs, this.#staleMs))
      await this.#clock.sleep(Math.min(...dueMs.map((ms) => ms - nowMs), MAX_SLEEP_MS), stop)
    }
  }

  /** Checks until every verdict has settled, for as long as a one-shot waits. */
  async checkUntilSettled(stop: AbortSignal): Promise<void> {
    const pages = this.monitors.map(({ settings }) => (settings.kind === 'unit' ? null : settings.http))
    const slowestMs = Math.max(0, ...pages.map((page) => page?.timeoutMs ?? 0))
    await this.#checkUntil(() => false, SETTLE_MS + slowestMs, stop)
  }

  /** Checks until every monitor has a verdict, which one from before is not while supervisord does not answer. */
  async checkUntilJudged(patienceMs: number, stop: AbortSignal): Promise<void> {
    const isJudged = (): boolean =>
      this.#last?.snapshot.rpc.kind !== 'failed' && this.monitors.every(({ verdict }) => verdict !== null)
    await this.#checkUntil(isJudged, patienceMs, stop)
  }

  /** Resolves when no restart is under way. */
  async restartsEnded(): Promise<void> {
    await this.#restarter?.ended()
  }

  async #checkUntil(isEnough: () => boolean, patienceMs: number, stop: AbortSignal): Promise<void> {
    const untilMs = this.#clock.now() + patienceMs
    for (;;) {
      await this.#check(stop)
      const leftMs = untilMs - this.#clock.now()
      const { recheckMs } = this.pacing
      if (recheckMs === Infinity || isEnough() || leftMs <= 0 || stop.aborted) return
      await this.#clock.sleep(Math.min(recheckMs, leftMs), stop)
    }
  }

  /** One snapshot, judged by every monitor. An exception is told as DOWN, and the next check runs all the same. */
  async #check(stop: AbortSignal): Promise<void> {
    this.pacing.begin(this.#clock.now())
    let answerMs: number | null = null
    let isTimeout = false
    let pendingMs: number[] = []
    try {
      const snapshot = await this.#snapshot(stop)
      if (stop.aborted) return
      const nowMs = this.#clock.now()
      this.#last = { snapshot, atMs: nowMs }
      if (snapshot.rpc.kind === 'answered') answerMs = snapshot.rpc.state.ms
      isTimeout = snapshot.rpc.kind === 'failed' && snapshot.rpc.failure.reason === 'timeout'
      pendingMs = this.monitors.flatMap((monitor) => this.#update(monitor, snapshot, nowMs, stop) ?? [])
    } catch (error) {
      this.#fail(this.monitors, error)
    }
    this.#completedMs = this.#clock.now()
    const soonestMs = pendingMs.length === 0 ? null : Math.min(...pendingMs)
    this.pacing.end(answerMs, soonestMs, this.#completedMs, isTimeout)
    const news = this.pacing.news()
    if (news !== null) this.#log.info(`${this.name}: ${news}`)
  }

  /** Returns how soon something that is pending may be confirmed; null when nothing is. An exception is that of one monitor alone. */
  #update(monitor: Monitor, snapshot: Snapshot, nowMs: number, stop: AbortSignal): number | null {
    try {
      const { pendingMs, restarts } = monitor.update(snapshot, nowMs)
      this.#restarter?.begin(monitor, restarts, stop)
      return pendingMs
    } catch (error) {
      this.#fail([monitor], error)
      return null
    }
  }

  #fail(monitors: readonly Monitor[], error: unknown): void {
    const message = messageOf(error)
    if (message !== this.#loggedError) this.#log.error(`the check of ${this.name} failed: ${traceOf(error)}`)
    this.#loggedError = message
    for (const monitor of monitors) monitor.fail(message, this.#clock.now())
  }

  /** A restart of ours that ended during a snapshot was seen midway, as if somebody had stopped the program: that is taken again. */
  async #snapshot(stop: AbortSignal): Promise<Snapshot> {
    for (;;) {
      const endedCount = this.#restarter?.endedCount
      const snapshot = await this.collector.snapshot(stop)
      if (this.#restarter?.endedCount === endedCount || stop.aborted) return snapshot
    }
  }

  get #staleMs(): number {
    return STALE_PERIODS * this.pacing.everyMs + this.pacing.backoffMs + STALE_MARGIN_MS
  }
}
