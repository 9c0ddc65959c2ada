/**
 * Every kind of trouble there is, worst first: the order in which a message names them.
 *
 * `checks` and `ms` say how long it must be seen before it counts: that many looks in a row, that many milliseconds
 * between the first and the last of them. A candidate may ask for more time. Kinds of one `clock` share their time, so
 * that a program which goes back and forth between them does not start afresh. `passing` kinds belong to any start and stop:
 * even as the very first thing seen they are no reason to keep silent.
 */
export const PROBLEMS = {
  // The whole supervisord, or the plain unit.
  'unit-dead': { clock: 'dead', checks: 1, ms: 0, passing: false },
  'no-answer': { clock: 'no-answer', checks: 2, ms: 1_500, passing: false },
  'no-access': { clock: 'no-answer', checks: 2, ms: 1_500, passing: false },
  // Files are opened and closed all the time: a moment without room is none of anybody's.
  agent: { clock: 'agent', checks: 2, ms: 3_000, passing: false },
  'coming-up': { clock: 'coming-up', checks: 2, ms: 10_000, passing: false },
  'shutting-down': { clock: 'shutting-down', checks: 2, ms: 10_000, passing: false },
  // One program.
  fatal: { clock: 'dead', checks: 1, ms: 0, passing: false },
  'crash-loop': { clock: 'dead', checks: 1, ms: 0, passing: false },
  // One that is to be restarted is started in the turn of supervisord's loop that follows, so before a second answer.
  exited: { clock: 'exited', checks: 2, ms: 50, passing: false },
  unknown: { clock: 'unknown', checks: 2, ms: 1_500, passing: false },
  'too-few': { clock: 'too-few', checks: 2, ms: 3_000, passing: false },
  absent: { clock: 'absent', checks: 2, ms: 3_000, passing: false },
  backoff: { clock: 'start', checks: 2, ms: 10_000, passing: true },
  starting: { clock: 'start', checks: 2, ms: 10_000, passing: true },
  stopping: { clock: 'stop', checks: 2, ms: 10_000, passing: true },
  waiting: { clock: 'waiting', checks: 2, ms: 10_000, passing: true },
  stopped: { clock: 'stopped', checks: 2, ms: 3_000, passing: false },
  // What runs, but not well. Last, since a program that does not run explains a page that does not answer.
  http: { clock: 'http', checks: 2, ms: 10_000, passing: false },
  memory: { clock: 'memory', checks: 2, ms: 3_000, passing: false },
} as const

export type ProblemKind = keyof typeof PROBLEMS

/** Kinds from worst to least bad. */
export const WORST_FIRST = Object.keys(PROBLEMS)

/** Something that looks wrong in one look; whether it counts is decided by `confirm`. */
export interface Candidate {
  /** What has the trouble; unique in one look: `supervisord`, `celery:worker_03`, a pattern. */
  readonly subject: string
  readonly kind: ProblemKind
  /** For people, the subject included: `celery:worker_03 FATAL: can't find command 'x'`. */
  readonly says: string
  /** True where the message should say for how long: `web STARTING for 14 s`. */
  readonly showsAge?: boolean
  /** More milliseconds than the kind's own before it counts. */
  readonly graceMs?: number
  /** Milliseconds after which it counts even when it went back and forth between clocks. */
  readonly limitMs?: number
  /** Changes when it is the same trouble but a new incident, as the start time of a program that is STARTING. */
  readonly incident?: number
  /** True when this look could not see it anew: what was suspected before still is, and nothing more. */
  readonly isOld?: boolean
  /** What a restart may mend. */
  readonly offence?: {
    /** By `group:name`. */
    readonly programs: readonly string[]
    /** For people, once they are restarted: `it used 612 MB, limit 512 MB`. */
    readonly why: string
  }
}
