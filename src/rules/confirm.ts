import { PROBLEMS, type Candidate } from './problems.ts'

/** What is remembered of a candidate from look to look. Times are the agent's monotonic milliseconds. */
export interface Suspect {
  readonly clock: string
  readonly sinceMs: number
  /** Looks in a row on this clock. */
  readonly checks: number
  /** Since when anything at all was wrong with the subject. */
  readonly badSinceMs: number
  readonly lastSeenMs: number
  readonly incident: number | null
  /** Whether something else counted when it began: a recovery then waits for it. */
  readonly followsTrouble: boolean
  /** Once it counted, it counts until a good look. */
  readonly confirmed: boolean
}

/** A candidate with the time it has been seen for. */
export interface Seen {
  readonly candidate: Candidate
  readonly forMs: number
  /** Milliseconds until it may count; 0 when it does, or only a look is missing; Infinity when no look can tell when. */
  readonly leftMs: number
  readonly followsTrouble: boolean
  /** Whether it counts by itself, and not only since something before it did. */
  readonly isSeenEnough: boolean
}

export interface Confirmation {
  /** What counts. */
  readonly confirmed: readonly Seen[]
  /** What may yet turn out to be passing. */
  readonly pending: readonly Seen[]
  readonly suspects: ReadonlyMap<string, Suspect>
}

/**
 * Decides which candidates have been seen often and long enough to count. Both are asked for, so that the outcome does
 * not depend on how often somebody looks.
 */
export function confirm(
  candidates: readonly Candidate[],
  before: ReadonlyMap<string, Suspect>,
  nowMs: number,
): Confirmation {
  const confirmed: Seen[] = []
  const pending: Seen[] = []
  const suspects = new Map<string, Suspect>()
  const isInTrouble = [...before.values()].some((suspect) => suspect.confirmed)
  for (const candidate of candidates) {
    const suspect = follow(candidate, before.get(candidate.subject), { nowMs, isInTrouble })
    suspects.set(candidate.subject, suspect)
    const { followsTrouble } = suspect
    const forMs = nowMs - suspect.sinceMs
    const overdueInMs = (candidate.limitMs ?? Infinity) - (nowMs - suspect.badSinceMs)
    const untilMs = candidate.isOld === true ? Infinity : Math.min(graceOf(candidate) - forMs, overdueInMs)
    const leftMs = Math.max(0, untilMs)
    const isSeenEnough = isEnough(candidate, suspect.checks, forMs)
    const seen = { candidate, forMs, leftMs, followsTrouble, isSeenEnough }
    ;(suspect.confirmed ? confirmed : pending).push(seen)
  }
  return { confirmed, pending, suspects }
}

function follow(
  candidate: Candidate,
  before: Suspect | undefined,
  { nowMs, isInTrouble }: { nowMs: number; isInTrouble: boolean },
): Suspect {
  if (candidate.isOld === true && before !== undefined) return before
  const { clock } = PROBLEMS[candidate.kind]
  const graceMs = graceOf(candidate)
  const incident = candidate.incident ?? null
  const isNew = before === undefined || isNewIncident(before, incident, nowMs, graceMs)
  const goesOn = !isNew && before.clock === clock
  const sinceMs = goesOn ? before.sinceMs : nowMs
  const checks = goesOn ? before.checks + 1 : 1
  const badSinceMs = isNew ? nowMs : before.badSinceMs
  const isSeenEnough = isEnough(candidate, checks, nowMs - sinceMs)
  const isOverdue = nowMs - badSinceMs >= (candidate.limitMs ?? Infinity)
  return {
    clock,
    sinceMs,
    checks,
    badSinceMs,
    lastSeenMs: nowMs,
    incident,
    followsTrouble: isNew ? isInTrouble : before.followsTrouble,
    confirmed: before?.confirmed === true || isSeenEnough || isOverdue,
  }
}

function isEnough(candidate: Candidate, checks: number, forMs: number): boolean {
  return checks >= PROBLEMS[candidate.kind].checks && forMs >= graceOf(candidate)
}

function graceOf({ kind, graceMs = 0 }: Candidate): number {
  return Math.max(PROBLEMS[kind].ms, graceMs)
}

/** Between two looks that are far apart, a program may have been well and started again: that is no long start. */
function isNewIncident(before: Suspect, incident: number | null, nowMs: number, graceMs: number): boolean {
  return incident !== null && before.incident !== incident && nowMs - before.lastSeenMs > graceMs
}
