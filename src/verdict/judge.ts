import type { MonitorConfig } from '../config/config.ts'
import { confirm, type Seen } from './confirm.ts'
import { countPrograms, type Count } from './count-programs.ts'
import { describeDuration } from './describe-duration.ts'
import { describeNews } from './describe-restarts.ts'
import { describeUnit, isActive, isInBetween } from './describe-unit.ts'
import { judgeLiveness } from './liveness.ts'
import type { Look } from './look.ts'
import type { MonitorMemory } from './memory.ts'
import { describeFacts, describeTroubles } from './message.ts'
import { PROBLEMS } from './problems.ts'
import { shutdownSeconds } from './shutdown-seconds.ts'

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
  /** False while something looks wrong that may yet be passing: look again soon. */
  readonly settled: boolean
  /** How soon, in milliseconds: when the first of it may count. Infinity when that is not known. */
  readonly againMs: number
  readonly memory: MonitorMemory
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
export function judge(seen: Look, before: MonitorMemory, rules: Rules, nowMs: number): Judgement {
  const look: Look = rules.kind === 'unit' ? { ...seen, rpc: { kind: 'not-asked' } } : seen
  const { candidate, state, note } = judgeLiveness(look, before)
  const programs = state === null || rules.kind === 'unit' ? null : countPrograms(state, rules, before, nowMs)
  const candidates = [...(candidate === null ? [] : [candidate]), ...(programs?.candidates ?? [])]
  const { confirmed, pending, suspects } = confirm(candidates, before.suspects, nowMs)

  const tolerates = quorum(programs, rules, confirmed)
  const down = confirmed.filter((one) => !tolerates(one))
  const open = pending.filter((one) => !tolerates(one))
  const status = nextStatus(before.status, down, open)
  const memory: MonitorMemory = {
    status: status ?? before.status,
    suspects,
    programs: programs?.histories ?? before.programs,
    supervisorPid: state === null ? before.supervisorPid : state.pid,
    answeredMs: state === null ? before.answeredMs : nowMs,
    toldMs: before.toldMs,
    total: programs?.selected ?? before.total,
    outsideSystemd: isOutsideSystemd(look, before),
    // Not in the midst of a shutdown, when there is less and less left to stop.
    shutdownSeconds: state === null || candidate !== null ? before.shutdownSeconds : shutdownSeconds(state),
  }
  const settled = open.length === 0
  const againMs = Math.min(...open.map(({ leftMs }) => leftMs))
  if (status === null) return { verdict: null, settled, againMs, memory }

  const news = ({ histories }: Count): string[] => {
    const told = describeNews(histories, before.toldMs, nowMs)
    return told === null ? [] : [told]
  }
  const troubles = [down, open, confirmed].find((some) => some.length > 0) ?? []
  const facts =
    programs === null ? factsWithoutPrograms(look, before) : [describeCount(programs), ...news(programs)]
  const message =
    troubles.length > 0
      ? describeTroubles(troubles, facts, status === 'up' && troubles === open ? 'checking again: ' : '')
      : describeFacts([...facts, ...(note === null ? [] : [note]), ...upTime(look)])
  return { verdict: { status, message, ping: state?.ms ?? null }, settled, againMs, memory }
}

function nextStatus(
  before: 'up' | 'down' | null,
  down: readonly Seen[],
  open: readonly Seen[],
): 'up' | 'down' | null {
  if (down.length > 0) return 'down'
  if (open.length === 0) return 'up'
  if (before === 'up') return 'up'
  // After a trouble comes the start: a recovery is no recovery before it is through. What began later is another story.
  if (before === 'down') return open.some(({ followsTrouble }) => followsTrouble) ? 'down' : 'up'
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

function isOutsideSystemd({ unit, rpc }: Look, before: MonitorMemory): boolean {
  if (unit.kind !== 'state') return rpc.kind !== 'answered' && before.outsideSystemd
  // A unit on its way down still has its supervisord.
  const rests = !isActive(unit.unit) && !isInBetween(unit.unit)
  return rpc.kind === 'answered' ? rests : before.outsideSystemd && !isActive(unit.unit)
}

function describeCount({ running, selected, idle }: Count): string {
  const others = [...idle].map(([why, count]) => `, ${count} ${why}`)
  return `${running} of ${selected} running${others.join('')}`
}

/** What is known when supervisord was not asked or did not answer. */
function factsWithoutPrograms({ unit, rpc }: Look, { total }: MonitorMemory): string[] {
  if (unit.kind !== 'state') return []
  if (rpc.kind === 'not-asked') return isActive(unit.unit) ? [describeUnit(unit.unit)] : []
  // Not "0 running": with KillMode=process, as in Debian's unit, the programs outlive their supervisord.
  const isGone = !isActive(unit.unit) && unit.unit.activeState !== 'deactivating'
  return !isGone || total === null ? [] : [`${total} program${total === 1 ? '' : 's'} unsupervised`]
}

function upTime({ unit, rpc, upSeconds }: Look): string[] {
  if (upSeconds === null) return []
  const isPlainUnit = rpc.kind === 'not-asked' && unit.kind === 'state'
  return [`${isPlainUnit ? '' : 'supervisord '}up ${describeDuration(upSeconds)}`]
}
