/**
 * Every kind of problem, worst first: the order in which a message names them.
 *
 * A problem counts when it has been seen in `checks` snapshots in a row, with at least `ms` between the first and the last
 * of them; a problem may ask for more time than its kind does. Kinds with the same `clock` share their time: a program that
 * alternates between them does not start afresh. A `passing` kind is part of every start or stop, and so does not hold back
 * the first verdict.
 */
export const PROBLEMS = {
  // The whole supervisord, or the plain unit.
  'unit-dead': { clock: 'dead', checks: 1, ms: 0, passing: false },
  'no-answer': { clock: 'no-answer', checks: 2, ms: 1_500, passing: false },
  'no-access': { clock: 'no-answer', checks: 2, ms: 1_500, passing: false },
  // Files are opened and closed all the time: a shortage of descriptors may be over in a moment.
  agent: { clock: 'agent', checks: 2, ms: 3_000, passing: false },
  'coming-up': { clock: 'coming-up', checks: 2, ms: 10_000, passing: false },
  'shutting-down': { clock: 'shutting-down', checks: 2, ms: 10_000, passing: false },
  // One program.
  fatal: { clock: 'dead', checks: 1, ms: 0, passing: false },
  'crash-loop': { clock: 'dead', checks: 1, ms: 0, passing: false },
  // supervisord starts a program again in the next turn of its loop, that is before its second answer.
  exited: { clock: 'exited', checks: 2, ms: 50, passing: false },
  unknown: { clock: 'unknown', checks: 2, ms: 1_500, passing: false },
  'too-few': { clock: 'too-few', checks: 2, ms: 3_000, passing: false },
  absent: { clock: 'absent', checks: 2, ms: 3_000, passing: false },
  backoff: { clock: 'start', checks: 2, ms: 10_000, passing: true },
  starting: { clock: 'start', checks: 2, ms: 10_000, passing: true },
  stopping: { clock: 'stop', checks: 2, ms: 10_000, passing: true },
  waiting: { clock: 'waiting', checks: 2, ms: 10_000, passing: true },
  stopped: { clock: 'stopped', checks: 2, ms: 3_000, passing: false },
  // Programs that run, but not well. Last, since a program that does not run explains a page that does not answer.
  http: { clock: 'http', checks: 2, ms: 10_000, passing: false },
  memory: { clock: 'memory', checks: 2, ms: 3_000, passing: false },
} as const

export type ProblemKind = keyof typeof PROBLEMS

/** Something that is wrong in one snapshot; `trackProblems` decides whether it counts. */
export interface Problem {
  /** Unique in one snapshot: `supervisord`, `celery:worker_03`, `pattern celery:*`. */
  readonly subject: string
  readonly kind: ProblemKind
  /** For people, the subject included: `celery:worker_03 FATAL: can't find command 'x'`. */
  readonly text: string
  /** True where the message adds for how long: `web STARTING for 14 s`. */
  readonly showsAge?: boolean
  /** How long it must be seen, where that is longer than its kind asks for. */
  readonly graceMs?: number
  /** Time after which it counts even when it went back and forth between clocks. */
  readonly limitMs?: number
  /** Differs between two incidents of the same problem, as the start time of a program that is STARTING. Starts that fail one after the other are one. */
  readonly incident?: number
  /** True when this snapshot could not check it again: its history then stays as it is. */
  readonly isOld?: boolean
  /** True for a program that does not run, which `min_running` may tolerate. */
  readonly isOfProgram?: boolean
  /** The restarts that may help. */
  readonly remedy?: {
    /** By `group:name`. */
    readonly programs: readonly string[]
    /** For people, once they are restarted: `it used 612 MB, limit 512 MB`. */
    readonly why: string
  }
}

/** A problem as a monitor remembers it. Times are the agent's monotonic milliseconds. */
export interface ProblemHistory {
  readonly clock: string
  readonly sinceMs: number
  /** Snapshots in a row on this clock. */
  readonly checks: number
  /** Since when anything at all was wrong with the subject. */
  readonly badSinceMs: number
  readonly lastSeenMs: number
  readonly incident: number | null
  /** True when another problem was confirmed when it began: a recovery then waits for it. */
  readonly followsTrouble: boolean
  /** Stays true until a snapshot finds nothing wrong with the subject. */
  readonly confirmed: boolean
}

export interface TrackedProblem {
  readonly problem: Problem
  readonly history: ProblemHistory
  /** How long it has been seen. */
  readonly forMs: number
  /** Milliseconds until it may count; 0 when only a snapshot is missing; Infinity when no snapshot can tell. */
  readonly leftMs: number
  /** False when it counts only because an earlier problem of its subject did. */
  readonly countsByItself: boolean
}

export interface TrackedProblems {
  /** The problems that count. */
  readonly confirmed: readonly TrackedProblem[]
  /** The problems that may still go away by themselves. */
  readonly pending: readonly TrackedProblem[]
  /** By subject. */
  readonly histories: ReadonlyMap<string, ProblemHistory>
}

/**
 * Decides which problems have been seen often and long enough to count. Both are needed, so that the result does not
 * depend on how often the agent checks.
 */
export function trackProblems(
  problems: readonly Problem[],
  before: ReadonlyMap<string, ProblemHistory>,
  nowMs: number,
): TrackedProblems {
  const isInTrouble = [...before.values()].some(({ confirmed }) => confirmed)
  const tracked = problems.map((problem): TrackedProblem => {
    const history = follow(problem, before.get(problem.subject), isInTrouble, nowMs)
    const forMs = nowMs - history.sinceMs
    const toLimitMs = limitOf(problem) - (nowMs - history.badSinceMs)
    const toCountMs = problem.isOld === true ? Infinity : Math.min(graceOf(problem) - forMs, toLimitMs)
    const countsByItself = isSeenEnough(problem, history.checks, forMs)
    return { problem, history, forMs, leftMs: Math.max(0, toCountMs), countsByItself }
  })
  return {
    confirmed: tracked.filter(({ history }) => history.confirmed),
    pending: tracked.filter(({ history }) => !history.confirmed),
    histories: new Map(tracked.map(({ problem, history }) => [problem.subject, history])),
  }
}

function follow(
  problem: Problem,
  before: ProblemHistory | undefined,
  isInTrouble: boolean,
  nowMs: number,
): ProblemHistory {
  if (problem.isOld === true && before !== undefined) return before
  const { clock } = PROBLEMS[problem.kind]
  const incident = problem.incident ?? null
  const isNew = before === undefined || isNewIncident(before, incident, graceOf(problem), nowMs)
  const goesOn = !isNew && before.clock === clock
  const sinceMs = goesOn ? before.sinceMs : nowMs
  const checks = goesOn ? before.checks + 1 : 1
  const badSinceMs = isNew ? nowMs : before.badSinceMs
  const isOverdue = nowMs - badSinceMs >= limitOf(problem)
  return {
    clock,
    sinceMs,
    checks,
    badSinceMs,
    lastSeenMs: nowMs,
    incident,
    followsTrouble: isNew ? isInTrouble : before.followsTrouble,
    confirmed: before?.confirmed === true || isOverdue || isSeenEnough(problem, checks, nowMs - sinceMs),
  }
}

/**
 * Several starts are not one long start, however close to one another they are seen. What has no incident may have been well
 * between two snapshots that are far apart.
 */
function isNewIncident(
  before: ProblemHistory,
  incident: number | null,
  graceMs: number,
  nowMs: number,
): boolean {
  if (incident === null || before.incident === incident) return false
  return before.incident !== null || nowMs - before.lastSeenMs > graceMs
}

function isSeenEnough(problem: Problem, checks: number, forMs: number): boolean {
  return checks >= PROBLEMS[problem.kind].checks && forMs >= graceOf(problem)
}

function graceOf({ kind, graceMs = 0 }: Problem): number {
  return Math.max(PROBLEMS[kind].ms, graceMs)
}

function limitOf({ limitMs = Infinity }: Problem): number {
  return limitMs
}
