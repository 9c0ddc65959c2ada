import type { ProcessInfo } from '../collect/supervisor/process-info.ts'
import { describeDuration, displayName } from '../lib/text.ts'
import type { TrackedProblem } from './problems.ts'
import type { Programs } from './programs.ts'
import { isAnother } from './restarts.ts'

/** The restarts of one program that the agent itself asked for. Times are the agent's monotonic milliseconds. */
export interface OwnRestart {
  /** When the last one was begun; the other fields are about it. */
  readonly begunMs: number
  /** When others were, as long as they are counted. */
  readonly earlierMs: readonly number[]
  /** Start time, on supervisord's clock, of the process that was to end. */
  readonly start: number
  /** Its pid; 0 where that is not known. */
  readonly pid: number
  /** `it used 612 MB, limit 512 MB` */
  readonly why: string
  /** When the agent was through with it; null while it is under way. */
  readonly endedMs: number | null
  /** When the new process was first seen to have started, or to have failed to; null before. */
  readonly backMs: number | null
  /** Why it failed; null while it has not. */
  readonly failure: string | null
  /** True when it was stopped and could not be started again. */
  readonly leftStopped: boolean
}

/** By `group:name`. */
export type OwnRestarts = ReadonlyMap<string, OwnRestart>

/** Asks the agent to act. */
export interface RestartOrder {
  /** `group:name` */
  readonly program: string
  /** `start` ends what an earlier restart left undone. */
  readonly task: 'restart' | 'start'
  readonly why: string
}

/** The last run of a program; its pid is 0 or the last one when it does not run. */
type ProgramRun = Pick<ProcessInfo, 'start' | 'pid' | 'state'>

/** True when nobody but the agent has stopped the program, so that the agent has to start it again. */
export function isStoppedByAgent(run: ProgramRun, own: OwnRestart): boolean {
  return run.state === 'STOPPED' && !isAnother(run, own) && (own.endedMs === null || own.leftStopped)
}

/**
 * Decides which programs the agent restarts now, each at most once per cool-down, and remembers that it did.
 * @param confirmed the problems that count
 * @param programs null when supervisord did not answer
 */
export function planRestarts(
  confirmed: readonly TrackedProblem[],
  programs: Programs | null,
  before: OwnRestarts,
  nowMs: number,
): { orders: readonly RestartOrder[]; own: OwnRestarts } {
  if (programs === null) return { orders: [], own: before }
  const { onFailure, restartCooldownMs } = programs.settings
  const isCounted = (ms: number): boolean => nowMs - ms < countedMs(restartCooldownMs)
  const own = new Map(
    [...before]
      .filter(([, { begunMs }]) => isCounted(begunMs))
      .map(([program, entry]) => [program, follow(entry, programs.histories.get(program), nowMs)]),
  )
  const orders: RestartOrder[] = []
  const reasons = new Map(
    confirmed.flatMap(({ problem: { remedy } }) =>
      remedy === undefined ? [] : remedy.programs.map((one) => [one, remedy.why] as const),
    ),
  )
  for (const [program, { start, pid, state }] of programs.histories) {
    const last = own.get(program)
    const isCooling = last !== undefined && nowMs - last.begunMs < restartCooldownMs
    // Later, or by another configuration, nobody expects that it starts: whoever is there has seen it stopped.
    if (isCooling && onFailure === 'restart' && isStoppedByAgent({ start, pid, state }, last)) {
      orders.push({ program, task: 'start', why: last.why })
      continue
    }
    const why = reasons.get(program)
    if (onFailure === 'report' || why === undefined || isCooling) continue
    const earlierMs = last === undefined ? [] : [...last.earlierMs, last.begunMs].filter(isCounted)
    orders.push({ program, task: 'restart', why })
    const open = { endedMs: null, backMs: null, failure: null, leftStopped: false }
    own.set(program, { begunMs: nowMs, earlierMs, start, pid, why, ...open })
  }
  return { orders, own }
}

/** How long restarts are counted. */
function countedMs(cooldownMs: number): number {
  return Math.max(3_600_000, 6 * cooldownMs)
}

function follow(entry: OwnRestart, run: ProgramRun | undefined, nowMs: number): OwnRestart {
  const isBack = run !== undefined && isAnother(run, entry) && run.state !== 'STARTING'
  return isBack && entry.backMs === null ? { ...entry, backMs: nowMs } : entry
}

interface Context {
  /** Restarts that ended up to this time have been told. */
  readonly toldMs: number
  /** The programs that have a problem now which a restart may help. */
  readonly offenders: ReadonlySet<string>
  readonly cooldownMs: number
  readonly nowMs: number
}

/**
 * Returns `restarting worker`, `restarted worker 4 s ago (2nd time in 1 h; it used 612 MB, limit 512 MB)`: the last thing
 * that the agent did, as long as it is news or its problem goes on; null when there is nothing to tell.
 */
export function describeOwnRestarts(own: OwnRestarts, context: Context): string | null {
  const { toldMs, offenders } = context
  const news = [...own]
    .filter(([name, entry]) => offenders.has(name) || isNews(entry, toldMs))
    .toSorted(([, a], [, b]) => b.begunMs - a.begunMs)
  const [newest] = news
  if (newest === undefined) return null
  const [name, entry] = newest
  const others = news.filter(([, other]) => other.begunMs === entry.begunMs).length - 1
  const names = `${displayName(name)}${others > 0 ? ` (+${others} more)` : ''}`
  if (entry.failure !== null) return `restarting ${names} failed: ${entry.failure}`
  return entry.endedMs === null
    ? `restarting ${names}`
    : describeDone(names, entry, offenders.has(name), context)
}

/** A message that the program is on its way is not the news that it is back. */
function isNews({ endedMs, backMs, failure, leftStopped }: OwnRestart, toldMs: number): boolean {
  if (endedMs === null || leftStopped) return true
  if (failure !== null) return endedMs > toldMs
  return backMs === null || backMs > toldMs
}

function describeDone(
  names: string,
  { begunMs, earlierMs, why }: OwnRestart,
  goesOn: boolean,
  { cooldownMs, nowMs }: Context,
): string {
  const age = describeDuration((nowMs - begunMs) / 1000)
  const count = `${ordinal(earlierMs.length + 1)} time in ${describeDuration(countedMs(cooldownMs) / 1000)}`
  if (!goesOn) return `restarted ${names} ${age} ago (${count}; ${why})`
  const waitMs = Math.max(0, begunMs + cooldownMs - nowMs)
  return `restarted ${names} ${age} ago (${count}), again in ${describeDuration(waitMs / 1000)} at the earliest`
}

function ordinal(count: number): string {
  const isTeen = count % 100 >= 11 && count % 100 <= 13
  return `${count}${(isTeen ? undefined : ['th', 'st', 'nd', 'rd'][count % 10]) ?? 'th'}`
}
