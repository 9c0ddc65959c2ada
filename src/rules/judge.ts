import type { MonitorConfig } from '../config/config.ts'
import { composeMessage } from './compose-message.ts'
import { confirm, type Seen } from './confirm.ts'
import { countPrograms, type Count } from './count-programs.ts'
import { isActive, isInBetween } from './describe-unit.ts'
import { judgeHttp } from './judge-http.ts'
import { judgeLiveness } from './liveness.ts'
import type { Snapshot } from '../collect/snapshot.ts'
import type { MonitorState } from './state.ts'
import { planRestarts, type RestartOrder } from './own-restarts.ts'
import { PROBLEMS } from './problems.ts'
import { shutdownSeconds } from './shutdown-seconds.ts'
import { followUnit, judgeUnitRestarts } from './unit-restarts.ts'

/** What a monitor watches, and how strictly. */
export type Rules = MonitorConfig['target']

export interface Verdict {
  readonly status: 'up' | 'down'
  /** One line, at most 250 characters, never empty. */
  readonly message: string
  /** Milliseconds of supervisord's answer; null when it gave none. */
  readonly ping: number | null
}

export interface Judgement {
  /** Null while a first look leaves it open. */
  readonly verdict: Verdict | null
  /** Its message for a Kuma that has been told of restarts up to a time; null without a verdict. */
  readonly messageFor: ((toldMs: number) => string) | null
  /** False while something looks wrong that may yet be passing, or what is wrong has changed: look again soon. */
  readonly settled: boolean
  /** How soon, in milliseconds: when the first of it may count. Infinity when that is not known. */
  readonly againMs: number
  readonly memory: MonitorState
  /** What the agent has to restart now; `memory` has it as begun. */
  readonly restarts: readonly RestartOrder[]
}

/**
 * Decides about one monitor from one look and what is remembered: pure and total, so that replaying recorded looks gives
 * the same verdicts.
 *
 * A monitor goes down as soon as one trouble is confirmed, and up again with the first look that has neither a confirmed one
 * nor any that began beside it.
 *
 * @param nowMs the agent's monotonic milliseconds at the end of the look
 */
export function judge(seen: Snapshot, before: MonitorState, rules: Rules, nowMs: number): Judgement {
  const isOfUnit = rules.kind === 'unit'
  const snapshot: Snapshot = isOfUnit ? { ...seen, rpc: { kind: 'not-asked' } } : seen
  const { candidate, state, note } = judgeLiveness(snapshot, before)
  const programs = state === null || isOfUnit ? null : countPrograms(state, snapshot, rules, before, nowMs)
  const http = isOfUnit
    ? { candidate: null, isWaiting: false }
    : judgeHttp({ http: snapshot.http, programs, rules, lastFailure: before.httpFailure })
  const unit = snapshot.rpc.kind === 'not-asked' ? followUnit(snapshot.unit, before.unit, nowMs) : before.unit
  const loop = judgeUnitRestarts(snapshot.unit, unit, nowMs)
  const candidates = [candidate, loop, ...(programs?.candidates ?? []), http.candidate].filter(
    (one) => one !== null,
  )
  const { confirmed, pending, suspects } = confirm(candidates, before.suspects, nowMs)

  const tolerates = quorum(programs, rules, confirmed)
  const down = confirmed.filter((one) => !tolerates(one))
  const open = pending.filter((one) => !tolerates(one))
  const status = nextStatus(before.status, down, open, http.isWaiting)
  // While supervisord itself is on its way up or down, nothing is restarted.
  const { orders, own } =
    programs === null
      ? { orders: [], own: before.ownRestarts }
      : planRestarts(candidate === null ? confirmed : [], before.ownRestarts, {
          programs: programs.histories,
          rules: programs.rules,
          nowMs,
        })
  const memory: MonitorState = {
    status: status ?? before.status,
    suspects,
    programs: programs?.histories ?? before.programs,
    supervisorPid: state === null ? before.supervisorPid : state.pid,
    answeredMs: state === null ? before.answeredMs : nowMs,
    toldMs: before.toldMs,
    total: programs?.selected ?? before.total,
    outsideSystemd: isOutsideSystemd(snapshot, before),
    // Not in the midst of a shutdown, when there is less and less left to stop.
    shutdownSeconds:
      state === null || candidate !== null
        ? before.shutdownSeconds
        : shutdownSeconds(state.processes, state.configs),
    httpFailure: http.candidate?.says ?? null,
    ownRestarts: own,
    unit,
  }
  // What was down and looks otherwise now is on its way back, perhaps: that is not to wait for the next check either.
  const isTurning = down.some(({ isSeenEnough }) => !isSeenEnough)
  const settled = open.length === 0 && !http.isWaiting && !isTurning
  const againMs = Math.min(...open.map(({ leftMs }) => leftMs))
  const next = { settled, againMs, memory, restarts: orders }
  if (status === null) return { verdict: null, messageFor: null, ...next }

  const troubles = [down, open, confirmed].find((some) => some.length > 0) ?? []
  const story = {
    snapshot,
    rules,
    programs,
    candidates,
    troubles,
    note,
    nowMs,
    total: before.total,
    doubt: status === 'up' && troubles === open ? 'checking again: ' : '',
    ownRestarts: own,
  }
  const messageFor = (toldMs: number): string => composeMessage(story, toldMs)
  const message = messageFor(before.toldMs)
  return { verdict: { status, message, ping: state?.ms ?? null }, messageFor, ...next }
}

function nextStatus(
  before: 'up' | 'down' | null,
  down: readonly Seen[],
  open: readonly Seen[],
  isWaiting: boolean,
): 'up' | 'down' | null {
  if (down.length > 0) return 'down'
  if (before === 'up') return 'up'
  // After a trouble comes the start: a recovery is no recovery before it is through. What began later is another story.
  if (before === 'down') return open.some(({ followsTrouble }) => followsTrouble) ? 'down' : 'up'
  if (isWaiting) return null
  // A program on its way is no reason to say nothing at all; a supervisord that did not answer is.
  return open.every(({ candidate }) => PROBLEMS[candidate.kind].passing) ? 'up' : null
}

/** With `min_running`, troubles of single programs are tolerated while enough of the others run. */
function quorum(programs: Count | null, rules: Rules, confirmed: readonly Seen[]): (seen: Seen) => boolean {
  if (programs === null || rules.kind === 'unit' || rules.minRunning === null) return () => false
  const broken = confirmed.filter(({ candidate }) => programs.ofPrograms.has(candidate)).length
  const isMet = programs.running + programs.ofPrograms.size - broken >= rules.minRunning
  return ({ candidate }) => isMet && programs.ofPrograms.has(candidate)
}

function isOutsideSystemd({ unit, rpc }: Snapshot, before: MonitorState): boolean {
  if (unit.kind !== 'state') return rpc.kind !== 'answered' && before.outsideSystemd
  // A unit on its way down still has its supervisord.
  const rests = !isActive(unit.unit) && !isInBetween(unit.unit)
  return rpc.kind === 'answered' ? rests : before.outsideSystemd && !isActive(unit.unit)
}
