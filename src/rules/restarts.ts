import type { ProcessInfo, ProcessState } from '../collect/supervisor/process-info.ts'
import type { ProcessEvent } from '../collect/supervisor/process-event.ts'
import { remember } from './remember.ts'

/** A restart that nobody asked for. */
interface Restart {
  /** When it was noticed, in the agent's monotonic milliseconds. */
  readonly atMs: number
  /** How long it counts; it is remembered until it has been told, too. */
  readonly untilMs: number
  /** `exit 1`, `killed by SIGKILL`; null when supervisord's log could not be read. */
  readonly why: string | null
}

/** What is remembered of one program. */
export interface ProgramHistory {
  readonly start: number
  /** Its last pid, kept when it does not run. */
  readonly pid: number
  readonly state: ProcessState
  /** Those that count, and those that have not been told; oldest first. */
  readonly restarts: readonly Restart[]
  /** Once a crash loop, it is one until nothing has happened for a whole window. */
  readonly isLooping: boolean
  /** How many restarts that nobody asked for there were since this supervisord was first seen. */
  readonly count: number
}

/** One run of a program. */
type Process = Pick<ProcessInfo, 'start' | 'pid'>

interface Context {
  /** What the end of supervisord's log says of this program, in order; null when it was not read. */
  readonly events: readonly ProcessEvent[] | null
  /**
   * Whether the events may tell of more than this program lately: they give no groups, and after a long time without a
   * look they tell of yesterday. Whatever they say then counts as one restart.
   */
  readonly isOnlyOne: boolean
  /** Whether the same supervisord as in the last look answered: a new one has started every program anew. */
  readonly isSameSupervisor: boolean
  /** The process that the agent itself has restarted last; undefined when there is none. */
  readonly own: Process | undefined
  /** Restarts up to this time have been told. */
  readonly toldMs: number
  readonly nowMs: number
  /** How long a restart that is noticed now counts. */
  readonly windowMs: number
}

/** How long a restart counts, but after a long time without a look. */
export const WINDOW_MS = 5 * 60_000

/** How many restarts within the window make a crash loop. */
export const LOOP_RESTARTS = 3

/** Follows one program from look to look: a crash loop shows itself in nothing but the start time and the pid that move. */
export function followRestarts(
  info: ProcessInfo,
  before: ProgramHistory | undefined,
  context: Context,
): ProgramHistory {
  const { nowMs, toldMs, isSameSupervisor } = context
  const { start, state } = info
  const hasMoved = before === undefined || isAnother(info, before)
  const pid = info.pid || (hasMoved && lastSpawned(context.events)) || (before?.pid ?? 0)
  if (before === undefined) return { start, pid, state, restarts: [], isLooping: false, count: 0 }
  const untold = ({ atMs }: Restart): boolean => atMs > toldMs
  if (!isSameSupervisor) {
    const past = before.restarts.filter(untold).map((restart) => ({ ...restart, untilMs: nowMs }))
    return { start, pid, state, restarts: past, isLooping: false, count: 0 }
  }
  const kept = before.restarts.filter((restart) => nowMs < restart.untilMs || untold(restart))
  const fresh = newRestarts(info, before, context)
  const restarts = [...kept, ...fresh].slice(-MOST_REMEMBERED)
  const counting = restartsThatCount(restarts, nowMs).length
  const isLooping = counting >= LOOP_RESTARTS || (before.isLooping && counting > 0)
  return { start, pid, state, restarts, isLooping, count: before.count + fresh.length }
}

/** Others are only remembered until they have been told. */
export function restartsThatCount(restarts: readonly Restart[], nowMs: number): readonly Restart[] {
  return restarts.filter(({ untilMs }) => nowMs < untilMs)
}

/** Whether any restart is remembered at all: where none is, time alone changes nothing. */
export const anyRestarts: (histories: ReadonlyMap<string, ProgramHistory>) => boolean = remember(
  (histories) => [...histories.values()].some(({ restarts }) => restarts.length > 0),
)

/** The start time has whole seconds: one that ended and came back within one of them has only another pid. */
export function isAnother(now: Process, before: Process): boolean {
  const hasOtherPid = now.pid !== 0 && before.pid !== 0 && now.pid !== before.pid
  return now.start !== before.start || hasOtherPid
}

/** A process that came and went between two looks shows itself in the log alone. */
function lastSpawned(events: Context['events']): number {
  return events?.findLast((event) => event.kind === 'spawned')?.pid ?? 0
}

/** Bounds the memory of a program that restarts many times a second. */
const MOST_REMEMBERED = 20

function newRestarts(
  info: ProcessInfo,
  before: ProgramHistory,
  { events, isOnlyOne, own, nowMs, windowMs }: Context,
): Restart[] {
  if (!isAnother(info, before) || info.start === 0) return []
  const restart = (why: string | null): Restart => ({ atMs: nowMs, untilMs: nowMs + windowMs, why })
  // supervisord moves the start time of a living process when the date is set back.
  if (info.pid !== 0 && info.pid === before.pid) return []
  if (events !== null && events.length > 0) {
    const found = crashes(events, before).map(restart)
    return isOnlyOne ? found.slice(-1) : found
  }
  const isOwn = own !== undefined && !isAnother(before, own)
  const isAskedFor = before.state === 'STOPPED' || before.state === 'STOPPING' || isOwn
  // From BACKOFF it is a start that is tried again, not a restart.
  return before.start === 0 || isAskedFor || before.state === 'BACKOFF' ? [] : [restart(null)]
}

/** Why it ended each time since the last look that it was up, was not asked to stop, and was not expected to end. */
function crashes(events: readonly ProcessEvent[], before: ProgramHistory): string[] {
  const known = events.findLastIndex((event) => event.kind === 'spawned' && event.pid === before.pid)
  // Where the log does not reach back to the process of the last look, all of it came after.
  let isUp = known === -1 && before.state === 'RUNNING'
  const found: string[] = []
  for (const event of events.slice(known + 1)) {
    if (event.kind === 'exited' && isUp && !event.expected) found.push(event.why)
    isUp = event.kind === 'running'
  }
  return found
}
