import { HttpFailure, type HttpFailureCode } from '../../lib/http.ts'
import type { Peer, PostOptions } from './peer.ts'
import { encodeCall, type XmlRpcAnswer, type XmlRpcParam } from './xmlrpc.ts'
import { decodeAnswer, XmlRpcDecodeError } from './xmlrpc-decode.ts'

/** How a call ended; every `detail` is half a sentence in one line. */
export type CallResult =
  | XmlRpcAnswer
  /** Any status but 200. */
  | { readonly kind: 'http-status'; readonly status: number }
  /** Status 200 and no XML-RPC. */
  | { readonly kind: 'not-xmlrpc'; readonly detail: string }
  | {
      readonly kind: 'no-answer'
      readonly code: HttpFailureCode
      readonly detail: string
      /** An answer had begun to come. */
      readonly began?: true
    }

export interface DecodeOptions {
  /** What becomes of control characters. */
  readonly controls?: 'refuse' | 'picture'
}

/**
 * Makes one call; whatever the server and the network do is a result.
 * @throws {RangeError} for params that XML-RPC cannot carry
 */
export async function call(
  peer: Peer,
  method: string,
  params: readonly XmlRpcParam[],
  options: PostOptions & DecodeOptions,
): Promise<CallResult> {
  const body = encodeCall(method, params)
  try {
    const answer = await peer.post(body, options)
    return answer.status === 200
      ? decodeAnswer(answer.body, options.controls)
      : { kind: 'http-status', status: answer.status }
  } catch (error) {
    if (error instanceof XmlRpcDecodeError) return { kind: 'not-xmlrpc', detail: error.message }
    if (error instanceof HttpFailure) {
      const began = error.status === null ? {} : ({ began: true } as const)
      return { kind: 'no-answer', code: error.code, detail: error.message, ...began }
    }
    throw error
  }
}
