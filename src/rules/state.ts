import type { Suspect } from './confirm.ts'
import type { OwnRestarts } from './own-restarts.ts'
import type { ProgramHistory } from './restarts.ts'
import { NO_UNIT_HISTORY, type UnitHistory } from './unit-restarts.ts'

/** What one monitor remembers from look to look. Times are the agent's monotonic milliseconds. */
export interface MonitorState {
  /** The last verdict; null before the first. */
  readonly status: 'up' | 'down' | null
  /** What looked wrong in the last look, by subject. */
  readonly suspects: ReadonlyMap<string, Suspect>
  /** What is remembered of each selected program, by `group:name`. */
  readonly programs: ReadonlyMap<string, ProgramHistory>
  /** supervisord's pid in the last look that it answered; null when it never did, or does not tell. */
  readonly supervisorPid: number | null
  /** When supervisord last answered; null when it never did. */
  readonly answeredMs: number | null
  /** Restarts up to this time have been delivered to Kuma. */
  readonly toldMs: number
  /** How many programs were selected when supervisord last answered; null when it never did. */
  readonly total: number | null
  /** Whether supervisord answered although its unit was not active: somebody runs it without systemd. */
  readonly outsideSystemd: boolean
  /** How long supervisord may take to stop all of its programs. */
  readonly shutdownSeconds: number
  /** What the HTTP check said when it last failed; null when it did not, or never was asked. */
  readonly httpFailure: string | null
  /** Restarts that the agent itself asked for, by `group:name`. */
  readonly ownRestarts: OwnRestarts
  /** The failures of a plain unit. */
  readonly unit: UnitHistory
}

export const EMPTY_STATE: MonitorState = {
  status: null,
  suspects: new Map(),
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
