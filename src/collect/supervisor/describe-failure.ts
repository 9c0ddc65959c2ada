import type { CallResult } from './call.ts'
import type { RpcFailure, RpcFailureReason } from './rpc-reading.ts'

/** Faults of supervisord that mean more than themselves. @see http://supervisord.org/api.html */
export const FAULT = { unknownMethod: 1, shutdownState: 6 } as const

interface FailureContext {
  readonly method: string
  /** Without credentials. */
  readonly url: string
  readonly timeoutMs: number
  /** Masks the credentials: what stands at the address may send back what it was sent, and the reason is pushed. */
  readonly mask: (text: string) => string
}

/** A call that gave no value, as the reason that is pushed. */
export function describeFailure(
  result: Exclude<CallResult, { kind: 'value' }>,
  { method, url, timeoutMs, mask }: FailureContext,
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
        `${method} answered Fault ${result.code} ${oneLine(mask(result.message))} at ${url}`,
      )
    case 'http-status':
      if (result.status === 401 || result.status === 403) {
        return failure(
          'unauthorized',
          `${method} was refused with HTTP ${result.status} at ${url}: wrong or missing username and password`,
        )
      }
      return failure('bad-answer', `${method} answered HTTP ${result.status} at ${url}`)
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

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim().slice(0, 200)
}
