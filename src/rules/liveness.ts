import type { RpcFailure, RpcFailureReason, SupervisorState } from '../collect/supervisor/rpc-reading.ts'
import type { UnitReading, UnitState } from '../collect/systemd/units.ts'
import type { Snapshot } from '../collect/snapshot.ts'
import type { Problem, ProblemKind } from './problems.ts'
import type { MonitorState } from './state.ts'
import { describeUnit, isActive, isInBetween } from './units.ts'

/** The state of one supervisord, by what systemd and supervisord itself answered. */
export interface Liveness {
  /** Null when all is well with supervisord itself. */
  readonly problem: Problem | null
  /** Null when it did not answer. */
  readonly state: SupervisorState | null
  /** Worth telling though nothing is wrong. */
  readonly note: string | null
}

type Before = Pick<MonitorState, 'outsideSystemd' | 'shutdownSeconds' | 'problems'>

/** Judges one supervisord, unit by RPC: the rows of the liveness table, top to bottom. */
export function judgeLiveness({ unit, rpc }: Snapshot, before: Before): Liveness {
  const state = unit.kind === 'state' ? unit.unit : null
  const inBetween = state !== null && isInBetween(state) ? unitInBetween(state, before) : null
  switch (rpc.kind) {
    case 'answered':
      return { problem: inBetween, state: rpc.state, note: noteOnUnit(unit) }
    case 'failed':
      return {
        problem: deadUnit(unit, rpc.failure, before) ?? inBetween ?? noAnswer(unit, rpc.failure, before),
        state: null,
        note: null,
      }
    case 'not-asked':
      return { problem: inBetween ?? unitAlone(unit), state: null, note: null }
  }
}

function supervisord(kind: ProblemKind, text: string, more: Partial<Problem> = {}): Problem {
  return { subject: 'supervisord', kind, text, ...more }
}

// supervisord checks its programs once a second, and so may end later than they do.
const LATENESS_SECONDS = 2
const START_SECONDS = 10

function shuttingDown(text: string, { shutdownSeconds }: Before): Problem {
  return supervisord('shutting-down', text, {
    graceMs: (shutdownSeconds + LATENESS_SECONDS) * 1000,
    showsAge: true,
  })
}

/** A unit that never gets past its start goes back and forth between coming up and shutting down. */
function comingUp(text: string, { shutdownSeconds }: Before): Problem {
  const limitMs = (shutdownSeconds + LATENESS_SECONDS + 2 * START_SECONDS) * 1000
  return supervisord('coming-up', text, { limitMs, showsAge: true })
}

function unitInBetween(unit: UnitState, before: Before): Problem {
  const text = describeUnit(unit)
  return unit.activeState === 'deactivating' ? shuttingDown(text, before) : comingUp(text, before)
}

/** Where somebody runs supervisord by hand, the state of its unit means nothing. */
function deadUnit(unit: UnitReading, failure: RpcFailure, { outsideSystemd }: Before): Problem | null {
  if (unit.kind !== 'state' || isActive(unit.unit) || isInBetween(unit.unit) || outsideSystemd) return null
  const access = NO_ACCESS.has(failure.reason) ? `; ${FAILURES[failure.reason](failure)}` : ''
  return supervisord('unit-dead', `${describeUnit(unit.unit)}${access}`)
}

const NO_ACCESS: ReadonlySet<RpcFailureReason> = new Set(['permission', 'unauthorized', 'foreign'])

const NOBODY_LISTENS: ReadonlySet<RpcFailureReason> = new Set(['socket-missing', 'refused'])

function noAnswer(unit: UnitReading, failure: RpcFailure, before: Before): Problem {
  const text = FAILURES[failure.reason](failure)
  if (failure.reason === 'shutdown') return shuttingDown(text, before)
  const active = unit.kind === 'state' && isActive(unit.unit) ? unit.unit : null
  if (NOBODY_LISTENS.has(failure.reason) && mayBeStarting(active, before)) {
    return comingUp(`supervisord does not listen yet at ${pathOf(failure.url)}`, before)
  }
  const cause = active === null ? text : (IN_SPITE_OF_UNIT[failure.reason]?.(active, failure) ?? text)
  const unknown = unit.kind === 'unreachable' ? ` (the unit's state is unknown: ${unit.cause})` : ''
  return supervisord(KINDS[failure.reason] ?? 'no-answer', `${cause}${unknown}`)
}

const KINDS: Partial<Record<RpcFailureReason, ProblemKind>> = {
  permission: 'no-access',
  unauthorized: 'no-access',
  foreign: 'no-access',
  'no-descriptors': 'agent',
}

/** True when systemd has just started it, or the last snapshots show a restart: Python takes some seconds to listen. */
function mayBeStarting(active: UnitState | null, { problems }: Before): boolean {
  if (active !== null && active.activeSeconds !== null && active.activeSeconds < START_SECONDS) return true
  const history = problems.get('supervisord')
  return history?.confirmed === false && ['shutting-down', 'coming-up'].includes(history.clock)
}

const IN_SPITE_OF_UNIT: Partial<Record<RpcFailureReason, (unit: UnitState, failure: RpcFailure) => string>> =
  {
    'socket-missing': ({ name }, { url }) =>
      `${name} is active but its socket file ${pathOf(url)} is gone: restart it, and keep the socket out of /tmp`,
    refused: ({ name }, { url }) =>
      `${name} is active but nobody listens at ${pathOf(url)}: is the url right?`,
  }

const FAILURES: Record<RpcFailureReason, (failure: RpcFailure) => string> = {
  'no-address': ({ detail }) => `supervisord not found: ${detail}`,
  'socket-missing': ({ url }) =>
    `supervisord is not running or its socket file was removed: there is no ${pathOf(url)}`,
  refused: ({ url }) => `supervisord is not running: nobody listens at ${pathOf(url)}`,
  permission: ({ url }) =>
    `the agent may not open ${pathOf(url)}: give its user access (setfacl -m u:USER:rw, or chown in [unix_http_server])`,
  unauthorized: ({ url }) =>
    `supervisord at ${url} refuses the agent's username or password: set both in [[supervisor]]`,
  foreign: ({ detail }) => detail,
  timeout: ({ detail }) => `supervisord hangs: it accepts connections and does not answer (${detail})`,
  shutdown: () => 'supervisord is shutting down or restarting',
  fault: ({ detail }) => `supervisord cannot be asked: ${detail}`,
  'bad-answer': ({ detail }) => `supervisord cannot be understood: ${detail}`,
  'no-descriptors': ({ detail }) => `nothing can be seen: ${detail}`,
  unreachable: ({ detail }) => `supervisord cannot be reached: ${detail}`,
}

/** `rpc = "none"` and plain units: the unit alone decides. */
function unitAlone(unit: UnitReading): Problem | null {
  switch (unit.kind) {
    case 'state':
      return isActive(unit.unit) ? null : supervisord('unit-dead', describeUnit(unit.unit))
    case 'not-found':
      return supervisord('unit-dead', `systemd knows no unit ${unit.names.join(' or ')}: is the name right?`)
    case 'no-systemd':
      return supervisord('no-answer', 'there is no systemd on this host to ask about the unit')
    case 'unreachable':
      return supervisord('no-answer', `systemd cannot be asked: ${unit.cause}`)
    case 'not-asked':
      return supervisord('no-answer', 'nothing to watch: unit and url are both "none"')
  }
}

/** In a container without systemd nobody expects a unit, so nothing is said of it. */
function noteOnUnit(unit: UnitReading): string | null {
  if (unit.kind === 'unreachable') return `unit unknown: ${unit.cause}`
  if (unit.kind === 'not-found') return 'not run by systemd'
  if (unit.kind === 'state' && !isActive(unit.unit) && !isInBetween(unit.unit)) return 'not run by systemd'
  return null
}

function pathOf(url: string): string {
  return url.replace(/^unix:\/\//, '')
}
