import { HttpFailure, type HttpFailureCode } from '../http.ts'
import { decodeAnswer, type XmlRpcAnswer, XmlRpcDecodeError } from './decode.ts'
import { encodeCall } from './encode.ts'
import type { Peer, PostOptions } from './peer.ts'
import type { XmlRpcValue } from './value.ts'

/** How a call ended; every `detail` is half a sentence in one line. */
export type CallResult =
  | XmlRpcAnswer
  /** Any status but 200. */
  | { readonly kind: 'http-status'; readonly status: number }
  /** Status 200 and no XML-RPC. */
  | { readonly kind: 'not-xmlrpc'; readonly detail: string }
  | { readonly kind: 'no-answer'; readonly code: HttpFailureCode; readonly detail: string }

/**
 * Makes one call; whatever the server and the network do is a result.
 * @throws {RangeError} for params that XML-RPC cannot carry
 */
export async function call(
  peer: Peer,
  method: string,
  params: readonly XmlRpcValue[],
  options: PostOptions & { readonly controls?: 'refuse' | 'picture' },
): Promise<CallResult> {
  const body = encodeCall(method, params)
  try {
    const answer = await peer.post(body, options)
    return answer.status === 200
      ? decodeAnswer(answer.body, options.controls)
      : { kind: 'http-status', status: answer.status }
  } catch (error) {
    if (error instanceof XmlRpcDecodeError) return { kind: 'not-xmlrpc', detail: error.message }
    if (error instanceof HttpFailure) return { kind: 'no-answer', code: error.code, detail: error.message }
    throw error
  }
}
