import { messageOf, traceOf } from '../lib/errors.ts'
import type { Log } from '../lib/log.ts'
import type { Snapshot } from '../collect/snapshot.ts'
import type { Bell } from './bell.ts'
import type { CheckPeriod } from './check-period.ts'
import type { Clock } from '../lib/clock.ts'
import type { Monitor } from './monitor.ts'
import { createPeriod } from './period.ts'
import { leftOpen, Recheck, type Unsettled } from './recheck.ts'
import type { RestartProgram, Restarts } from './restarts.ts'
import { takeSnapshot, type Doors } from '../collect/snapshot.ts'

/** One supervisord or one plain unit, with every monitor over it: they share each look. */
export interface Watch {
  readonly name: string
  readonly doors: Doors
  /** Starts a round at once. */
  readonly bell: Bell
  /** How often it is looked at; follows what that costs supervisord. */
  readonly checks: CheckPeriod
  readonly monitors: readonly Monitor[]
  /** Restarts programs where the rules ask for it. */
  readonly restart: RestartProgram
}

export interface WatchOptions {
  readonly checkEveryMs: number
  readonly clock: Clock
  readonly log: Log
  /** Called after every round, whatever came of it. */
  readonly onRound: () => void
  /** Called when a monitor's verdict turned, its first one included. */
  readonly onChange: (monitor: Monitor) => void
  /** Those of this watch. */
  readonly restarts: Restarts
}

/** From a ring to its round: a death rings several times, and systemd takes notice some milliseconds later than others. */
const GATHER_MS = 10
/** Between the beginnings of two rounds that were rung for. */
const GAP_MS = 50
/** Where it rings on and on, the gap grows up to this: a flood of deaths must not become one of questions. */
const LONGEST_GAP_MS = 1_000
const LONGEST_REST_MS = 5_000

/**
 * Looks and judges until aborted. Rounds never overlap; a time that passes during a long round starts one more at once.
 *
 * The first ring starts a round, all but at once, and those that follow within the gap share the next: what they rang for may
 * have happened after the first one looked. A supervisord that is slow to answer, as with a thousand programs, is looked
 * at more rarely.
 */
export async function runWatch(watch: Watch, options: WatchOptions, signal: AbortSignal): Promise<void> {
  const { checkEveryMs, clock, log } = options
  const { bell, checks } = watch
  const period = createPeriod(checkEveryMs, clock.now())
  const recheck = new Recheck()
  let gapMs = GAP_MS
  /** Whether nothing is on its way and nothing rang. */
  let isQuiet = false
  while (!signal.aborted) {
    const startedMs = clock.now()
    const unsettled = await round(watch, options, signal, isQuiet)
    options.onRound()
    const endedMs = clock.now()
    const againMs = recheck.next(unsettled, endedMs)
    const nextMs = Math.max(period.next(startedMs), startedMs + checks.everyMs)
    const restMs = Math.max(Math.min(endedMs - startedMs, LONGEST_REST_MS), checks.restMs(endedMs))
    const news = checks.news()
    if (news !== null) log.info(`${watch.name}: ${news}`)
    const rang = await bell.sleep(clock, Math.min(nextMs - endedMs, Math.max(againMs, restMs)), signal)
    const pauseMs = Math.max(startedMs + gapMs, endedMs + restMs) - clock.now()
    gapMs = rang && pauseMs > 0 ? Math.min(gapMs * 2, LONGEST_GAP_MS) : GAP_MS
    if (rang) await clock.sleep(Math.max(pauseMs, GATHER_MS), signal)
    bell.hush()
    isQuiet = unsettled === null && !rang
  }
}

/**
 * One look, judged by every monitor over it; what it leaves open, or null.
 * @param isQuiet whether the look before left nothing open, and nothing has happened since that anybody has noticed
 */
export async function round(
  { name, doors, monitors, checks }: Watch,
  { clock, log, onChange, restarts }: Omit<WatchOptions, 'checkEveryMs' | 'onRound'>,
  signal: AbortSignal,
  isQuiet = false,
): Promise<Unsettled | null> {
  try {
    const before = isQuiet ? (monitors[0]?.seen?.snapshot ?? null) : null
    let snapshot: Snapshot
    let endedCount: number
    do {
      endedCount = restarts.endedCount
      snapshot = await takeSnapshot(doors, signal, before)
      // A restart of ours that ended meanwhile was seen midway, as if somebody had stopped the program.
    } while (restarts.endedCount !== endedCount && !signal.aborted)
    if (signal.aborted) return null
    if (snapshot.rpc.kind === 'answered') checks.answered(snapshot.rpc.state.ms, clock.now())
    const seen = monitors.map((monitor) => ({ monitor, ...monitor.see(snapshot, clock.now()) }))
    for (const { monitor, changed } of seen) if (changed) onChange(monitor)
    for (const { monitor, restarts: orders } of seen) restarts.begin(monitor, orders, signal)
    return leftOpen(snapshot, seen)
  } catch (error) {
    // A mistake of ours must be seen in Kuma, and the next round runs all the same.
    log.error(`the check of ${name} failed: ${traceOf(error)}`)
    for (const monitor of monitors) if (monitor.fail(messageOf(error))) onChange(monitor)
    return null
  }
}
