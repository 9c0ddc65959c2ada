import type { ProcessEvent } from '../collect/supervisor/log.ts'
import type { ProcessInfo, ProcessState, ProgramConfig } from '../collect/supervisor/process-info.ts'
import type { SupervisorState } from '../collect/supervisor/rpc-reading.ts'
import { describeDuration, displayName, fullName } from '../lib/text.ts'
import type { MonitorState } from './state.ts'

/** A restart that nobody asked for. */
interface Restart {
  /** When it was noticed, in the agent's monotonic milliseconds. */
  readonly atMs: number
  /** How long it counts; it is remembered until it has been told, too. */
  readonly untilMs: number
  /** `exit 1`, `killed by SIGKILL`; null where nothing told that it was unexpected: that is news, and never a crash loop. */
  readonly why: string | null
}

/** One program, as a monitor remembers it. */
export interface ProgramHistory {
  readonly start: number
  /** Its last pid, kept when it does not run. */
  readonly pid: number
  readonly state: ProcessState
  /** The restarts that count, and those that have not been told; oldest first. */
  readonly restarts: readonly Restart[]
  readonly isLooping: boolean
  /** How many restarts that nobody asked for there were since this supervisord was first seen. */
  readonly count: number
  /** Starts that failed within `startsecs`, one after the other; null while the last one has not. */
  readonly failing: FailingStarts | null
  /** `exit 1` while it is EXITED in a way that its `exitcodes` do not expect; else null. */
  readonly badEnd: string | null
}

export interface FailingStarts {
  /** The start times of the first and of the last one, on supervisord's clock. */
  readonly firstStart: number
  readonly lastStart: number
  /** When the first one was seen. */
  readonly sinceMs: number
  /** How many were seen. */
  readonly count: number
  /** As supervisord words it. */
  readonly why: string | null
}

/** By `group:name`. */
export type ProgramHistories = ReadonlyMap<string, ProgramHistory>

/** How long a restart counts. */
export const WINDOW_MS = 5 * 60_000

/** After a long time without a snapshot a restart counts for longer, so that rare checks see a loop too. */
const SNAPSHOTS_PER_WINDOW = 4
const MAX_WINDOW_MS = 60 * 60_000

/** How many restarts within the window make a crash loop. */
const LOOP_RESTARTS = 3

/** Bounds what is remembered of a program that restarts many times a second. */
export const MOST_REMEMBERED = 20

/** Follows every selected program from snapshot to snapshot; one that has vanished is forgotten. */
export function followPrograms(
  selected: readonly ProcessInfo[],
  { pid, events, processes, configs }: SupervisorState,
  before: MonitorState,
  nowMs: number,
): ProgramHistories {
  const sinceMs = before.answeredMs === null ? 0 : nowMs - before.answeredMs
  const windowMs = Math.min(Math.max(WINDOW_MS, SNAPSHOTS_PER_WINDOW * sinceMs), MAX_WINDOW_MS)
  const isSameSupervisor = pid === before.supervisorPid
  const shared = sharedNames(processes)
  const configOf = new Map(configs?.map((config) => [fullName(config), config]))
  return new Map(
    selected.map((info) => {
      const name = fullName(info)
      const history = followProgram(info, before.programs.get(name), {
        config: configOf.get(name),
        events: events ?? [],
        isOnlyOne: sinceMs > windowMs || shared.has(info.name),
        isSameSupervisor,
        own: before.ownRestarts.get(name),
        toldMs: before.toldMs,
        nowMs,
        windowMs,
      })
      return [name, history]
    }),
  )
}

/** The names that programs of several groups have. */
function sharedNames(processes: readonly ProcessInfo[]): ReadonlySet<string> {
  const seen = new Set<string>()
  const shared = new Set<string>()
  for (const { name } of processes) {
    if (seen.has(name)) shared.add(name)
    seen.add(name)
  }
  return shared
}

/** One run of a program. */
type ProgramRun = Pick<ProcessInfo, 'start' | 'pid'>

interface Context {
  readonly config: ProgramConfig | undefined
  /** From the end of supervisord's log, or sent to the agent by it, in order; empty when there are none. */
  readonly events: readonly ProcessEvent[]
  /**
   * True where the events count as one restart at most: they name no group, so that they may be another program's, and after
   * a long time without a snapshot they tell of yesterday.
   */
  readonly isOnlyOne: boolean
  /** A new supervisord has started every program anew. */
  readonly isSameSupervisor: boolean
  /** The run that the agent itself has ended last. */
  readonly own: ProgramRun | undefined
  /** Restarts up to this time have been told. */
  readonly toldMs: number
  readonly nowMs: number
  /** How long a restart that is noticed now counts. */
  readonly windowMs: number
}

/** A program in a crash loop is RUNNING in most snapshots: only its start time and its pid change. */
function followProgram(
  info: ProcessInfo,
  before: ProgramHistory | undefined,
  { config, events, isSameSupervisor, toldMs, nowMs, ...context }: Context,
): ProgramHistory {
  const { start, state } = info
  const isBad = state === 'EXITED' && !isExpectedExit(info, config)
  const badEnd = isBad ? describeExit(info.exitstatus) : null
  const hasMoved = before === undefined || isAnother(info, before)
  const ownEvents = hasMoved ? events.filter((event) => isOf(event, info)) : []
  const pid = info.pid || lastSpawned(ownEvents) || (before?.pid ?? 0)
  const failing = followFailing(info, isSameSupervisor ? before : undefined, ownEvents, nowMs)
  if (before === undefined)
    return { start, pid, state, restarts: [], isLooping: false, count: 0, failing, badEnd }
  const untold = ({ atMs }: Restart): boolean => atMs > toldMs
  if (!isSameSupervisor) {
    const past = before.restarts.filter(untold).map((restart) => ({ ...restart, untilMs: nowMs }))
    return { start, pid, state, restarts: past, isLooping: false, count: 0, failing, badEnd }
  }
  const kept = before.restarts.filter((restart) => nowMs < restart.untilMs || untold(restart))
  const causes = hasMoved ? causesOfRestarts(info, before, ownEvents, context) : []
  const fresh = causes.map((why) => ({ atMs: nowMs, untilMs: nowMs + context.windowMs, why }))
  const restarts = [...kept, ...fresh].slice(-MOST_REMEMBERED)
  const isLooping = isLoop(crashesThatCount(restarts, nowMs).length, before.isLooping)
  return { start, pid, state, restarts, isLooping, count: before.count + fresh.length, failing, badEnd }
}

/** Only the agent's own events tell the group. */
function isOf({ name, group }: ProcessEvent, info: ProcessInfo): boolean {
  return name === info.name && (group === undefined || group === info.group)
}

/**
 * A start fails where BACKOFF is seen after it. The next start goes on with the series until the program is up: the log tells
 * that, and without it a start that was followed by another one and not by BACKOFF.
 */
function followFailing(
  { state, start, spawnerr }: ProcessInfo,
  before: ProgramHistory | undefined,
  events: readonly ProcessEvent[],
  nowMs: number,
): FailingStarts | null {
  if (state !== 'STARTING' && state !== 'BACKOFF') return null
  const wasUp =
    before !== undefined &&
    (events.length > 0
      ? since(events, before).some(({ kind }) => kind === 'running')
      : before.state === 'STARTING' && state === 'STARTING' && before.start !== start)
  const series = wasUp ? null : (before?.failing ?? null)
  if (state === 'STARTING' || series?.lastStart === start) return series
  const first = series ?? { firstStart: start, sinceMs: nowMs, count: 0 }
  return { ...first, count: first.count + 1, lastStart: start, why: spawnerr }
}

/** True when so many restarts are a crash loop. A loop goes on until no restart counts any more. */
export function isLoop(restarts: number, wasLoop: boolean): boolean {
  return restarts >= LOOP_RESTARTS || (wasLoop && restarts > 0)
}

/** Returns those that count and are known to be crashes. */
function crashesThatCount(restarts: readonly Restart[], nowMs: number): readonly Restart[] {
  return restartsThatCount(restarts, nowMs).filter(({ why }) => why !== null)
}

/** Returns those that count; the others are only remembered until they have been told. */
export function restartsThatCount(restarts: readonly Restart[], nowMs: number): readonly Restart[] {
  return restarts.filter(({ untilMs }) => nowMs < untilMs)
}

/** True when the runs differ. The start time has whole seconds: a program that ended and came back within one has only another pid. */
export function isAnother(now: ProgramRun, before: ProgramRun): boolean {
  const hasOtherPid = now.pid !== 0 && before.pid !== 0 && now.pid !== before.pid
  return now.start !== before.start || hasOtherPid
}

/** Only the log knows a process that came and went between two snapshots. */
function lastSpawned(events: readonly ProcessEvent[]): number {
  return events.findLast((event) => event.kind === 'spawned')?.pid ?? 0
}

/** After these, supervisord starts a program only when somebody asks for it. */
const ASKED_AFTER: ReadonlySet<ProcessState> = new Set(['STOPPED', 'STOPPING', 'FATAL'])

/** Returns one cause for each restart that nobody asked for; null where nothing tells whether somebody did, or it was expected. */
function causesOfRestarts(
  info: ProcessInfo,
  before: ProgramHistory,
  events: readonly ProcessEvent[],
  { isOnlyOne, own }: Pick<Context, 'isOnlyOne' | 'own'>,
): (string | null)[] {
  // supervisord moves the start time of a living process when the date is set back.
  if (info.start === 0 || (info.pid !== 0 && info.pid === before.pid)) return []
  if (since(events, before).some(({ kind }) => kind === 'stopped' || kind === 'exited')) {
    const found = crashes(events, before)
    return isOnlyOne ? found.slice(-1) : found
  }
  if (before.state === 'EXITED') return before.badEnd === null ? [] : [before.badEnd]
  const isOwn = own !== undefined && !isAnother(before, own)
  const isAskedFor = ASKED_AFTER.has(before.state) || isOwn
  // From BACKOFF it is a start that is tried again, not a restart.
  if (before.start === 0 || isAskedFor || before.state === 'BACKOFF') return []
  return [info.state === 'BACKOFF' ? 'ended within its startsecs' : null]
}

/**
 * Decides by the first of these that is known: what supervisord wrote of the exit, the configured exit codes, the exit status.
 * @see https://github.com/Supervisor/supervisor/issues/763
 */
export function isExpectedExit(
  { spawnerr, exitstatus }: ProcessInfo,
  config: ProgramConfig | undefined,
): boolean {
  if (spawnerr !== null) return spawnerr === ''
  if (config !== undefined) return config.exitcodes.includes(exitstatus)
  return exitstatus === 0
}

export function describeExit(exitstatus: number): string {
  return exitstatus < 0 ? 'killed by a signal' : `exit ${exitstatus}`
}

/** Returns why it ended each time since the last snapshot that it was up, was not asked to stop, and was not expected to end. */
function crashes(events: readonly ProcessEvent[], before: ProgramHistory): string[] {
  const fresh = since(events, before)
  // Where the log does not reach back to the process of the last snapshot, all of it came after.
  let isUp = fresh.length === events.length && before.state === 'RUNNING'
  const found: string[] = []
  for (const event of fresh) {
    if (event.kind === 'exited' && isUp && !event.expected) found.push(event.why)
    isUp = event.kind === 'running'
  }
  return found
}

/** Returns the events after the start of the process of the last snapshot; all of them where it is not among them. */
function since(events: readonly ProcessEvent[], { pid }: ProgramHistory): readonly ProcessEvent[] {
  return events.slice(events.findLastIndex((event) => event.kind === 'spawned' && event.pid === pid) + 1)
}

/** Returns `crash loop: 4 restarts in 42 s (exit 1)`; while it may be over, `crash loop: last restart 3 min ago (exit 1)`. */
export function describeLoop(restarts: readonly Restart[], nowMs: number): string {
  const counting = crashesThatCount(restarts, nowMs)
  const why = describeWhy(counting)
  const times = counting.map(({ atMs }) => atMs)
  if (counting.length < LOOP_RESTARTS)
    return `crash loop: last restart ${ago(Math.max(...times), nowMs)}${why}`
  const spanMs = nowMs - Math.min(...times)
  // One snapshot may have found them all.
  const span = spanMs < 1000 ? '' : ` in ${describeDuration(spanMs / 1000)}`
  return `crash loop: ${counting.length} restarts${span}${why}`
}

interface Untold {
  readonly name: string
  readonly isBack: boolean
  readonly restarts: readonly Restart[]
}

/** Returns the programs that restarted after `sinceMs`. A crash loop is no news but a problem. */
function untoldRestarts(histories: ProgramHistories, sinceMs: number): Untold[] {
  return [...histories]
    .filter(([, { isLooping }]) => !isLooping)
    .map(([name, { state, restarts }]) => ({
      name,
      isBack: state === 'STARTING' || state === 'RUNNING',
      restarts: restarts.filter(({ atMs }) => atMs > sinceMs),
    }))
    .filter(({ restarts }) => restarts.length > 0)
}

/**
 * True when `describeNews` has something to tell that came after `sinceMs` and should not wait for the next heartbeat: a
 * program that ends again and again for a reason that is not known does so by design, as far as is known.
 */
export function hasNews(histories: ProgramHistories, sinceMs: number): boolean {
  return untoldRestarts(histories, sinceMs).some(
    ({ name, isBack, restarts }) =>
      isBack && (restarts.some(({ why }) => why !== null) || histories.get(name)?.restarts.length === 1),
  )
}

/** True when `describeNews` leaves something for later: it tells of a program only once that has come back. */
export function hasLaterNews(histories: ProgramHistories, sinceMs: number): boolean {
  return untoldRestarts(histories, sinceMs).some(({ isBack }) => !isBack)
}

/**
 * Returns `worker restarted 2× (exit 1) 20 s ago (+3 more)`, or null when no restart came after `toldMs`. Where none of them
 * is known to be a crash, `worker restarted 3× in 5 min, reason unknown: supervisord's log cannot be read`.
 * @param lastLines of programs that failed, by `group:name`
 * @param hasLog false when supervisord's log could not be read
 */
export function describeNews(
  histories: ProgramHistories,
  lastLines: ReadonlyMap<string, string>,
  hasLog: boolean,
  toldMs: number,
  nowMs: number,
): string | null {
  const [newest, ...others] = untoldRestarts(histories, toldMs)
    .filter(({ isBack }) => isBack)
    .map(({ name, restarts }) => ({ name, restarts, atMs: Math.max(...restarts.map(({ atMs }) => atMs)) }))
    .toSorted((a, b) => b.atMs - a.atMs)
  if (newest === undefined) return null
  const { name, restarts, atMs } = newest
  const more = others.length > 0 ? ` (+${others.length} more)` : ''
  const line = lastLines.get(name)
  const isUnknown = restarts.every(({ why }) => why === null)
  const spanMs = nowMs - Math.min(...restarts.map((restart) => restart.atMs))
  const isSpan = isUnknown && restarts.length > 1 && spanMs >= 1000
  const when = isSpan ? `in ${describeDuration(spanMs / 1000)}` : ago(atMs, nowMs)
  const unknown = isUnknown
    ? `, reason unknown: supervisord's log ${hasLog ? 'does not tell' : 'cannot be read'}`
    : ''
  const lastLine = line === undefined ? '' : `${isUnknown ? '; last line' : ''}: ${line}`
  return `${displayName(name)} restarted ${restarts.length}×${describeWhy(restarts)} ${when}${unknown}${more}${lastLine}`
}

function ago(atMs: number, nowMs: number): string {
  const ageMs = nowMs - atMs
  return ageMs < 1000 ? 'just now' : `${describeDuration(ageMs / 1000)} ago`
}

/** The last cause that is known. */
function describeWhy(restarts: readonly Restart[]): string {
  const why = restarts.map((restart) => restart.why).findLast((known) => known !== null)
  return why === undefined ? '' : ` (${why})`
}
