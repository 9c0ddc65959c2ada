import { NO_FLAPS, type FlapHistory } from './flaps.ts'
import type { OwnRestarts } from './own-restarts.ts'
import type { ProblemHistory } from './problems.ts'
import type { ProgramHistories } from './restarts.ts'
import { NO_UNIT_HISTORY, type UnitHistory } from './units.ts'

/** The memory of one monitor from snapshot to snapshot. Times are the agent's monotonic milliseconds. */
export interface MonitorState {
  /** The last verdict; null before the first. */
  readonly status: 'up' | 'down' | null
  /** The problems of the last snapshot, by subject. */
  readonly problems: ReadonlyMap<string, ProblemHistory>
  /** The problems that made it go down, each by its clock and subject; empty while it is up. */
  readonly causes: readonly string[]
  readonly flaps: FlapHistory
  /** The selected programs. */
  readonly programs: ProgramHistories
  /** supervisord's pid when it last answered; null when it never did, or does not tell. */
  readonly supervisorPid: number | null
  /** When supervisord last answered; null when it never did. */
  readonly answeredMs: number | null
  /** Restarts up to this time have been delivered to Kuma. */
  readonly toldMs: number
  /** How many programs were selected when supervisord last answered; null when it never did. */
  readonly total: number | null
  /** True when supervisord answered although its unit was not active: somebody runs it without systemd. */
  readonly outsideSystemd: boolean
  /** How long supervisord may take to stop all of its programs. */
  readonly shutdownSeconds: number
  /** The text of the HTTP check's problem; null when it had none in the last snapshot. */
  readonly httpFailure: string | null
  readonly ownRestarts: OwnRestarts
  readonly unit: UnitHistory
}

export const EMPTY_STATE: MonitorState = {
  status: null,
  problems: new Map(),
  causes: [],
  flaps: NO_FLAPS,
  programs: new Map(),
  supervisorPid: null,
  answeredMs: null,
  toldMs: 0,
  total: null,
  outsideSystemd: false,
  shutdownSeconds: 10,
  httpFailure: null,
  ownRestarts: new Map(),
  unit: NO_UNIT_HISTORY,
}
