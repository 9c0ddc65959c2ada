import { cut, oneLine } from '../../lib/text.ts'
import type { CallResult, Connection } from './connection.ts'
import type { ProcessEvent } from './log.ts'
import type { ProcessInfo, ProgramConfig } from './process-info.ts'

/** Why supervisord could not be asked; each has its own remedy. */
export type RpcFailureReason =
  /** Nothing says where supervisord listens. */
  | 'no-address'
  /** The socket file does not exist. */
  | 'socket-missing'
  /** The socket file or port exists and nobody listens. */
  | 'refused'
  /** EACCES on the socket. */
  | 'permission'
  /** Another user of this host listens there, and nothing was sent. */
  | 'foreign'
  /** HTTP 401 or 403. */
  | 'unauthorized'
  /** No whole answer within the deadline. */
  | 'timeout'
  /** Fault 6 SHUTDOWN_STATE: supervisord is stopping or restarting. */
  | 'shutdown'
  /** Any other fault. */
  | 'fault'
  /** Not XML-RPC, or too large. */
  | 'bad-answer'
  /** This process or this host has no file descriptors left, and supervisord was not asked. */
  | 'no-descriptors'
  /** DNS, TLS, reset, no route. */
  | 'unreachable'

export interface RpcFailure {
  readonly reason: RpcFailureReason
  /** Where it was asked, without credentials: `unix:///run/supervisor.sock`. */
  readonly url: string
  /** One line: what failed, on which thing, with numbers and units. */
  readonly detail: string
}

/** The answers of supervisord in one check. */
export interface SupervisorState {
  /** Milliseconds the answer took. */
  readonly ms: number
  /** supervisord's own pid; null when it does not tell. */
  readonly pid: number | null
  /** Unix seconds on supervisord's clock when it answered; 0 when it does not tell. */
  readonly now: number
  readonly processes: readonly ProcessInfo[]
  /** null where `getAllConfigInfo` is missing or fails. */
  readonly configs: readonly ProgramConfig[] | null
  /** The events of programs at the end of its log, oldest first; null when it was not read. */
  readonly events: readonly ProcessEvent[] | null
}

/** One reading of supervisord through XML-RPC. */
export type RpcReading =
  | { readonly kind: 'answered'; readonly state: SupervisorState }
  | { readonly kind: 'failed'; readonly failure: RpcFailure }
  /** The configuration says `url = "none"`. */
  | { readonly kind: 'not-asked' }

/** The agent itself, as the supervisord that runs it knows it. */
export interface OwnProcess {
  readonly group: string
  readonly name: string
  /** Of that supervisord; null when it did not tell. */
  readonly serverUrl: string | null
  readonly pid: number
  /** The last events of processes that it was sent, oldest first. */
  readonly events?: readonly ProcessEvent[]
}

/**
 * Leaves the agent out of the state of the supervisord at this address. An event listener has a group of its own: whatever
 * else is in it is one more copy of the agent.
 * @returns how many copies of the agent it is set to run, too; 0 when another supervisord runs the agent
 */
export function withoutOwn(
  state: SupervisorState,
  own: OwnProcess,
  url: string,
): { readonly state: SupervisorState; readonly copies: number } {
  // One of another supervisord may have the same name; and ours may be configured by another URL than it gives itself.
  const isOurs = state.processes.some(
    ({ group, name, pid }) =>
      group === own.group && name === own.name && (url === own.serverUrl || pid === own.pid),
  )
  if (!isOurs) return { state, copies: 0 }
  const processes = state.processes.filter(({ group }) => group !== own.group)
  const configs = state.configs?.filter(({ group }) => group !== own.group) ?? null
  const events = withOwnEvents(state.events, own.events ?? [])
  return {
    state: { ...state, processes, configs, events },
    copies: state.processes.length - processes.length,
  }
}

/** The log tells more of an end than an event does: only where it tells none of a program's ends, the events do. */
function withOwnEvents(
  log: readonly ProcessEvent[] | null,
  heard: readonly ProcessEvent[],
): readonly ProcessEvent[] | null {
  if (heard.length === 0) return log
  const told = new Set(
    log?.flatMap(({ name, kind }) => (kind === 'stopped' || kind === 'exited' ? name : [])),
  )
  return [...(log ?? []).filter(({ name }) => told.has(name)), ...heard.filter(({ name }) => !told.has(name))]
}

/** Faults of supervisord that mean more than themselves. @see http://supervisord.org/api.html */
export const FAULT = { unknownMethod: 1, shutdownState: 6 } as const

/**
 * Describes a call that gave no value, as the reason that is pushed.
 * @param timeoutMs how long it might take
 * @param connection masks the credentials: what answers at the address may send back what it was sent
 */
export function describeFailure(
  result: Exclude<CallResult, { kind: 'value' }>,
  method: string,
  timeoutMs: number,
  { displayUrl: url, mask }: Pick<Connection, 'displayUrl' | 'mask'>,
): RpcFailure {
  const failure = (reason: RpcFailureReason, detail: string): RpcFailure => ({
    reason,
    url,
    detail: mask(detail),
  })
  switch (result.kind) {
    case 'fault':
      if (result.code === FAULT.shutdownState) {
        return failure(
          'shutdown',
          `supervisord at ${url} is shutting down or restarting (Fault 6 SHUTDOWN_STATE)`,
        )
      }
      if (result.code === FAULT.unknownMethod && method.startsWith('supervisor.')) {
        return failure(
          'fault',
          `${method} is unknown at ${url} (Fault 1 UNKNOWN_METHOD): supervisord.conf has no [rpcinterface:supervisor] section`,
        )
      }
      return failure(
        'fault',
        `${method} answered Fault ${result.code} ${cut(oneLine(mask(result.message)), 200)} at ${url}`,
      )
    case 'http-status':
      if (result.status === 401 || result.status === 403) {
        return failure(
          'unauthorized',
          `${method} was refused with HTTP ${result.status} at ${url}: wrong or missing username and password`,
        )
      }
      return failure('bad-answer', `${method} answered HTTP ${result.status} at ${url}`)
    case 'no-ca':
      return { reason: 'unreachable', url, detail: result.detail }
    case 'foreign':
      return { reason: 'foreign', url, detail: result.detail }
    case 'not-xmlrpc':
      return failure('bad-answer', `${method} did not answer XML-RPC at ${url}: ${result.detail}`)
    default:
      return { url, ...describeNoAnswer(result, method, url, timeoutMs) }
  }
}

function describeNoAnswer(
  { code, detail }: Extract<CallResult, { kind: 'no-answer' }>,
  method: string,
  url: string,
  timeoutMs: number,
): Omit<RpcFailure, 'url'> {
  switch (code) {
    case 'timeout':
      return { reason: 'timeout', detail: `${method} timed out after ${timeoutMs} ms at ${url}` }
    case 'not-found-socket':
      return { reason: 'socket-missing', detail: `the socket file of ${url} does not exist` }
    case 'refused':
      return { reason: 'refused', detail: `nobody listens at ${url} (${detail})` }
    case 'permission':
      return { reason: 'permission', detail: `no permission to use ${url} (${detail})` }
    case 'no-descriptors':
      return { reason: 'no-descriptors', detail }
    case 'too-large':
    case 'not-http':
      return { reason: 'bad-answer', detail: `${method} did not answer XML-RPC at ${url}: ${detail}` }
    default:
      return { reason: 'unreachable', detail: `${method} failed at ${url}: ${detail}` }
  }
}
