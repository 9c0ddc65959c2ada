import type { UnitReading, UnitState } from '../collect/systemd/unit-reading.ts'
import { describeLoop } from './describe-restarts.ts'
import { describeResult, isActive, isInBetween } from './describe-unit.ts'
import type { Candidate } from './problems.ts'
import { LOOP_RESTARTS, restartsThatCount, WINDOW_MS, type ProgramHistory } from './restarts.ts'

/** What is remembered of a plain unit. */
export interface UnitHistory extends Pick<ProgramHistory, 'restarts' | 'isLooping'> {
  /** systemd's count of restarts when it was last seen to have failed. */
  readonly count: number
  /** Whether systemd still waited to restart it in the last look. */
  readonly isWaiting: boolean
}

export const NO_UNIT_HISTORY: UnitHistory = { count: 0, restarts: [], isLooping: false, isWaiting: false }

/**
 * Follows a plain unit from look to look. Between its failures systemd calls it active, and so none of them lasts as long as a
 * unit on its way up is given.
 *
 * Only what was seen while systemd waited to restart it counts: then alone does it tell whether it had failed, or ended as it
 * should. Its count, which is read a moment after its state, may be one further by then.
 */
export function followUnit(reading: UnitReading, before: UnitHistory, nowMs: number): UnitHistory {
  if (reading.kind !== 'state') return before
  const { unit } = reading
  // systemd's count begins anew when somebody starts a unit that was stopped.
  const { count, restarts, isLooping, isWaiting } = unit.restarts < before.count ? NO_UNIT_HISTORY : before
  const kept = restartsThatCount(restarts, nowMs)
  const waits = hasFailed(unit)
  const isNew = waits && (!isWaiting || unit.restarts > count + 1)
  const fresh = isNew ? [{ atMs: nowMs, untilMs: nowMs + WINDOW_MS, why: describeResult(unit) }] : []
  const all = [...kept, ...fresh].slice(-MOST_REMEMBERED)
  return {
    count: waits ? unit.restarts : count,
    restarts: all,
    isLooping: all.length >= LOOP_RESTARTS || (isLooping && all.length > 0),
    isWaiting: waits,
  }
}

/** Whether it is in a crash loop. A unit that is dead has a trouble of its own. */
export function judgeUnitRestarts(
  reading: UnitReading,
  history: UnitHistory,
  nowMs: number,
): Candidate | null {
  if (!history.isLooping || reading.kind !== 'state') return null
  const { unit } = reading
  if (!isActive(unit) && !isInBetween(unit)) return null
  return {
    subject: `restarts of ${unit.name}`,
    kind: 'crash-loop',
    says: `${unit.name} ${describeLoop(history, nowMs)}`,
  }
}

/** Bounds the memory of a unit that restarts many times a second. */
const MOST_REMEMBERED = 20

function hasFailed({ subState, result }: UnitState): boolean {
  return subState.startsWith('auto-restart') && result !== 'success' && result !== ''
}
