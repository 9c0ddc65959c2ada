import type { ProcessEvent } from './process-event.ts'
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

/** What supervisord itself said in one look. */
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
  /** What the end of its log says of the programs, oldest first; null when it was not read. */
  readonly events: readonly ProcessEvent[] | null
}

/** One look at supervisord through XML-RPC. */
export type RpcReading =
  | { readonly kind: 'answered'; readonly state: SupervisorState }
  | { readonly kind: 'failed'; readonly failure: RpcFailure }
  /** The configuration says `url = "none"`. */
  | { readonly kind: 'not-asked' }
