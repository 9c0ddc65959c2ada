import { HttpFailure, type HttpFailureCode } from '../../lib/http.ts'
import type { XmlRpcAnswer } from './answer.ts'
import type { AnswerMemo } from './answer-memo.ts'
import { XmlRpcDecodeError } from './decode-error.ts'
import { decodePlain } from './decode-plain.ts'
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
  /** For what is asked again and again. */
  readonly memo?: AnswerMemo
}

/**
 * Makes one call; whatever the server and the network do is a result.
 * @throws {RangeError} for params that XML-RPC cannot carry
 */
export async function call(
  peer: Peer,
  method: string,
  params: readonly XmlRpcValue[],
  options: PostOptions & DecodeOptions,
): Promise<CallResult> {
  const body = encodeCall(method, params)
  try {
    const answer = await peer.post(body, options)
    return answer.status === 200
      ? await decode(answer.body, options)
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

/** The reader of any XML is loaded where it is needed: where the other end writes it another way, or wrongly. */
async function decode(body: Buffer, { controls, memo }: DecodeOptions): Promise<XmlRpcAnswer> {
  const known = memo?.recall(body)
  if (known !== undefined) return { kind: 'value', value: known }
  const value = decodePlain(body)
  if (value !== undefined) {
    memo?.keep(value)
    return { kind: 'value', value }
  }
  /* c8 ignore next -- the transpiler of the tests adds a branch to an import */
  const { decodeAnswer } = await import('./decode.ts')
  return decodeAnswer(body, controls)
}
