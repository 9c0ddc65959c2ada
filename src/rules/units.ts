import type { UnitReading, UnitState } from '../collect/systemd/units.ts'
import type { Problem } from './problems.ts'
import {
  describeLoop,
  isLoop,
  MOST_REMEMBERED,
  restartsThatCount,
  WINDOW_MS,
  type ProgramHistory,
} from './restarts.ts'

const ACTIVE = new Set(['active', 'reloading', 'refreshing'])
const IN_BETWEEN = new Set(['activating', 'deactivating'])

/** True while the unit does its work; a reload does not end it. */
export function isActive({ activeState }: UnitState): boolean {
  return ACTIVE.has(activeState)
}

/** True while the unit is on its way up or down. In the middle of a restart, or at boot, it may only have a job that is queued. */
export function isInBetween(unit: UnitState): boolean {
  return IN_BETWEEN.has(unit.activeState) || (!isActive(unit) && isToStart(unit))
}

function isToStart({ jobType }: UnitState): boolean {
  return jobType === 'start' || jobType === 'restart'
}

/** Returns `supervisor.service failed (exit-code 1)`, `nginx.service inactive (dead)`, `x.service activating (auto-restart, 3 restarts)`. */
export function describeUnit(unit: UnitState): string {
  if (unit.loadState === 'masked') return `${unit.name} is masked`
  if (!IN_BETWEEN.has(unit.activeState) && isToStart(unit)) return `${unit.name} is about to start`
  const why = unit.activeState === 'failed' ? describeResult(unit) : describeSubState(unit)
  return `${unit.name} ${unit.activeState}${why === '' || why === unit.activeState ? '' : ` (${why})`}`
}

function describeSubState({ activeState, subState, restarts }: UnitState): string {
  if (activeState !== 'activating' || restarts === 0) return subState
  return `${subState}, ${restarts} restart${restarts === 1 ? '' : 's'}`
}

/** Returns `exit-code 1`, `signal 9`, `oom-kill`, … */
function describeResult({ result, execMainStatus }: UnitState): string {
  const hasNumber = result === 'exit-code' || result === 'signal' || result === 'core-dump'
  return hasNumber ? `${result} ${execMainStatus}` : result
}

/** The failures of a plain unit, as a monitor remembers them. */
export interface UnitHistory extends Pick<ProgramHistory, 'restarts' | 'isLooping'> {
  /** systemd's count of restarts when the unit was last seen to have failed. */
  readonly count: number
  /** True when systemd was waiting to restart it in the last snapshot. */
  readonly isWaiting: boolean
}

export const NO_UNIT_HISTORY: UnitHistory = { count: 0, restarts: [], isLooping: false, isWaiting: false }

/**
 * Follows the restarts of a plain unit. systemd calls it active between its failures, and so none of them lasts long enough
 * to be a problem of its own.
 *
 * Only a failure that is seen while systemd waits to restart the unit counts: nothing else tells it from a regular end.
 * systemd's count is read a moment after the state, and may be one further by then.
 */
export function followUnit(reading: UnitReading, before: UnitHistory, nowMs: number): UnitHistory {
  if (reading.kind !== 'state') return before
  const { unit } = reading
  // systemd counts anew when somebody starts a unit that was stopped.
  const { count, restarts, isLooping, isWaiting } = unit.restarts < before.count ? NO_UNIT_HISTORY : before
  const waits = hasFailed(unit)
  const isNew = waits && (!isWaiting || unit.restarts > count + 1)
  const fresh = isNew ? [{ atMs: nowMs, untilMs: nowMs + WINDOW_MS, why: describeResult(unit) }] : []
  const all = [...restartsThatCount(restarts, nowMs), ...fresh].slice(-MOST_REMEMBERED)
  return {
    count: waits ? unit.restarts : count,
    restarts: all,
    isLooping: isLoop(all.length, isLooping),
    isWaiting: waits,
  }
}

function hasFailed({ subState, result }: UnitState): boolean {
  return subState.startsWith('auto-restart') && result !== 'success' && result !== ''
}

/** Returns the crash loop of a unit, or null. A unit that is dead has a problem of its own. */
export function judgeUnitRestarts(reading: UnitReading, history: UnitHistory, nowMs: number): Problem | null {
  if (!history.isLooping || reading.kind !== 'state') return null
  const { unit } = reading
  if (!isActive(unit) && !isInBetween(unit)) return null
  return {
    subject: `restarts of ${unit.name}`,
    kind: 'crash-loop',
    text: `${unit.name} ${describeLoop(history.restarts, nowMs)}`,
  }
}
