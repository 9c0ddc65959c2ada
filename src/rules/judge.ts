import type { Snapshot } from '../collect/snapshot.ts'
import type { MonitorConfig } from '../config/config.ts'
import { describeFlaps, followFlaps } from './flaps.ts'
import { judgeHttp } from './health.ts'
import { judgeLiveness } from './liveness.ts'
import { composeMessage, type MessageContent, worstOf } from './message.ts'
import { planRestarts, type RestartOrder } from './own-restarts.ts'
import { type ProblemKind, PROBLEMS, type TrackedProblem, trackProblems } from './problems.ts'
import { judgePrograms, type Programs } from './programs.ts'
import { hasLaterNews } from './restarts.ts'
import type { MonitorState } from './state.ts'
import { followUnit, isActive, isInBetween, judgeUnitRestarts } from './units.ts'

/** The part of a monitor's configuration that says what it watches, and how strictly. */
export type Settings = MonitorConfig['target']

export interface Verdict {
  readonly status: 'up' | 'down'
  /** One line, at most 250 characters, never empty. */
  readonly message: string
  /** Milliseconds of supervisord's answer; null when it gave none. */
  readonly ping: number | null
}

export interface Judgement {
  /** Null while a first snapshot leaves it open. */
  readonly verdict: Verdict | null
  /** The kind of each problem that counts, by subject; null while it counts only because an earlier one of its subject did. */
  readonly kinds: ReadonlyMap<string, ProblemKind | null>
  /** The parts of the message. */
  readonly content: MessageContent
  /** Once the message is delivered, restarts up to this time have been told; null when it leaves some for later. */
  readonly restartsUntilMs: number | null
  /** False while something is wrong that may go away by itself, or what is wrong has changed: check again soon. */
  readonly settled: boolean
  /** How soon, in milliseconds: when the first of it may count. Infinity when that is not known. */
  readonly againMs: number
  readonly state: MonitorState
  /** The restarts that the agent has to begin now; `state` has them as begun. */
  readonly restarts: readonly RestartOrder[]
}

/**
 * Judges one monitor by one snapshot and by what it remembers. Pure and total, so that a replay of recorded snapshots gives
 * the same verdicts.
 *
 * A monitor goes down as soon as one problem counts, and up again with the first snapshot that has none that counts, none
 * that began while another one did, and none that may be what made it go down.
 *
 * @param nowMs the agent's monotonic milliseconds at the end of the snapshot
 */
export function judge(seen: Snapshot, before: MonitorState, settings: Settings, nowMs: number): Judgement {
  const snapshot: Snapshot = settings.kind === 'unit' ? { ...seen, rpc: { kind: 'not-asked' } } : seen
  const liveness = judgeLiveness(snapshot, before)
  const programs =
    settings.kind === 'unit' || liveness.state === null
      ? null
      : judgePrograms(liveness.state, snapshot, settings, before, nowMs)
  const http = judgeHttp(snapshot.http, programs, settings, before.httpFailure)
  const unit = snapshot.rpc.kind === 'not-asked' ? followUnit(snapshot.unit, before.unit, nowMs) : before.unit
  const unitLoop = judgeUnitRestarts(snapshot.unit, unit, nowMs)
  const problems = [liveness.problem, unitLoop, ...(programs?.problems ?? []), http.problem].filter(
    (problem) => problem !== null,
  )
  const { confirmed, pending, histories } = trackProblems(problems, before.problems, nowMs)
  const isMet = isQuorumMet(programs, confirmed)
  // A problem that is about to count leaves the verdict open where it would break the quorum.
  const staysMet = isQuorumMet(programs, [...confirmed, ...pending])
  const down = confirmed.filter(({ problem }) => !isMet || problem.isOfProgram !== true)
  const open = pending.filter(({ problem }) => !staysMet || problem.isOfProgram !== true)
  const byProblems = before.flaps.isHeld ? 'up' : before.status
  const now = nextStatus({ status: byProblems, causes: before.causes }, down, open, http.isWaiting)
  const worst = worstOf(down)
  const flaps = followFlaps(now, worst?.problem.text ?? null, { ...before.flaps, status: byProblems }, nowMs)
  const status = flaps.isHeld ? 'down' : now
  const causes = now === 'down' ? causesOf(down, byProblems, before) : []
  // Nothing is restarted while supervisord itself is on its way up or down.
  const plan = planRestarts(liveness.problem === null ? confirmed : [], programs, before.ownRestarts, nowMs)
  const content: MessageContent = {
    snapshot,
    settings,
    programs,
    total: before.total,
    problems,
    named: [down, open, confirmed].find((some) => some.length > 0) ?? [],
    doubt: status === 'up' && open.length > 0 ? 'checking again: ' : '',
    // Deaths that never turn a verdict are counted by another rule, which says more.
    flaps: down.some(({ problem }) => problem.kind === 'crash-loop') ? null : describeFlaps(flaps, nowMs),
    flapText: flaps.text,
    note: liveness.note,
    ownRestarts: plan.own,
    nowMs,
  }
  const message = composeMessage(content, before.toldMs)
  return {
    verdict: status === null ? null : { status, message, ping: programs?.supervisor.ms ?? null },
    kinds: new Map(
      down.map(({ problem: { subject, kind }, countsByItself }) => [subject, countsByItself ? kind : null]),
    ),
    content,
    restartsUntilMs: programs === null || hasLaterNews(programs.histories, before.toldMs) ? null : nowMs,
    // A problem that counts and has just become another one may be on its way back to well.
    settled: open.length === 0 && !http.isWaiting && down.every(({ countsByItself }) => countsByItself),
    againMs: Math.min(...open.map(({ leftMs }) => leftMs)),
    state: {
      ...before,
      ...(programs !== null && {
        programs: programs.histories,
        supervisorPid: programs.supervisor.pid,
        answeredMs: nowMs,
        total: programs.total,
        // During a shutdown there is less and less left to stop.
        ...(liveness.problem === null && { shutdownSeconds: programs.shutdownSeconds }),
      }),
      status: status ?? before.status,
      problems: histories,
      causes,
      flaps,
      outsideSystemd: isOutsideSystemd(snapshot, before),
      httpFailure: http.problem?.text ?? null,
      ownRestarts: plan.own,
      unit,
    },
    restarts: plan.orders,
  }
}

/** With `min_running`, problems of single programs are tolerated while enough of the others run. */
function isQuorumMet(programs: Programs | null, confirmed: readonly TrackedProblem[]): boolean {
  if (programs === null || programs.settings.minRunning === null) return false
  const possible = programs.problems.filter(({ isOfProgram }) => isOfProgram === true).length
  const broken = confirmed.filter(({ problem }) => problem.isOfProgram === true).length
  return programs.running.length + possible - broken >= programs.settings.minRunning
}

const HTTP_CAUSE = 'http http'

/** Names a problem, whatever becomes of it in between. */
function causeOf({ problem: { subject, kind } }: TrackedProblem): string {
  return `${PROBLEMS[kind].clock} ${subject}`
}

/** Returns the problems that made it go down, and those that have come to count since, as they were then. */
function causesOf(
  down: readonly TrackedProblem[],
  byProblems: MonitorState['status'],
  before: MonitorState,
): readonly string[] {
  if (byProblems !== 'down') return down.map(causeOf)
  const fresh = down.filter(({ problem }) => before.problems.get(problem.subject)?.confirmed !== true)
  return [...new Set([...before.causes, ...fresh.map(causeOf)])]
}

function nextStatus(
  before: Pick<MonitorState, 'status' | 'causes'>,
  down: readonly TrackedProblem[],
  open: readonly TrackedProblem[],
  isWaiting: boolean,
): 'up' | 'down' | null {
  if (down.length > 0) return 'down'
  if (before.status === 'up') return 'up'
  if (before.status === 'down') {
    // A recovery has to be through with its start, and with what made it necessary. Another problem that began later does
    // not delay it.
    const isOpen = open.some((one) => one.history.followsTrouble || before.causes.includes(causeOf(one)))
    return isOpen || (isWaiting && before.causes.includes(HTTP_CAUSE)) ? 'down' : 'up'
  }
  if (isWaiting) return null
  // A program on its way up or down is no reason to say nothing at all; a supervisord that did not answer is.
  return open.every(({ problem }) => PROBLEMS[problem.kind].passing) ? 'up' : null
}

function isOutsideSystemd({ unit, rpc }: Snapshot, before: MonitorState): boolean {
  if (unit.kind !== 'state') return rpc.kind !== 'answered' && before.outsideSystemd
  // A unit on its way down still has its supervisord.
  const rests = !isActive(unit.unit) && !isInBetween(unit.unit)
  return rpc.kind === 'answered' ? rests : before.outsideSystemd && !isActive(unit.unit)
}
