import type { UnitState } from '../collect/systemd/unit-reading.ts'

const ACTIVE = new Set(['active', 'reloading', 'refreshing'])
const IN_BETWEEN = new Set(['activating', 'deactivating'])

/** Whether the unit does its work; a reload does not end it. */
export function isActive({ activeState }: UnitState): boolean {
  return ACTIVE.has(activeState)
}

/** On its way up or down; between the two halves of a restart, or before its turn at boot, it has a job that is queued. */
export function isInBetween(unit: UnitState): boolean {
  return IN_BETWEEN.has(unit.activeState) || (!isActive(unit) && isToStart(unit))
}

function isToStart({ jobType }: UnitState): boolean {
  return jobType === 'start' || jobType === 'restart'
}

/** `supervisor.service failed (exit-code 1)`, `nginx.service inactive (dead)`, `x.service activating (auto-restart, 3 restarts)`. */
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

/** `exit-code 1`, `signal 9`, `oom-kill`, … */
export function describeResult({ result, execMainStatus }: UnitState): string {
  const hasNumber = result === 'exit-code' || result === 'signal' || result === 'core-dump'
  return hasNumber ? `${result} ${execMainStatus}` : result
}
