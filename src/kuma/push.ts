import type { Dispatcher } from 'undici'
import type { PushTarget } from '../config/config.ts'
import { HttpFailure, request, type HttpAnswer } from '../lib/http.ts'
import type { Heartbeat } from '../agent/heartbeat.ts'
import { judgeAnswer, judgeFailure, refusedRedirect } from './judge-answer.ts'
import type { PushAnswer } from './push-answer.ts'
import { pushUrl } from './push-url.ts'
import { redirect } from './redirect.ts'

const MAX_ANSWER_BYTES = 64 * 1024
const MAX_REDIRECTS = 3

export interface PushOptions {
  readonly dispatcher: Dispatcher
  readonly target: PushTarget
  /** Of the HTTP proxy on the way, for the messages; without user and password. */
  readonly proxyOrigin: string | null
  readonly headers: Readonly<Record<string, string>>
  /** For the whole push, redirects included. */
  readonly timeoutMs: number
  /** Whether Kuma has been told this status before, so that it has nobody to notify. */
  readonly isRepeat: boolean
  /** Masks secrets in what others say. */
  readonly mask: (text: string) => string
  /** Monotonic milliseconds. */
  readonly now: () => number
  readonly signal: AbortSignal
}

/** Sends one heartbeat once; whatever comes back is an answer, never an exception. */
export async function push(heartbeat: Heartbeat, options: PushOptions): Promise<PushAnswer> {
  return (await exchange(heartbeat, options)).answer
}

/** The same, with the HTTP answer that it was made from; null when there was no whole one. */
export async function exchange(
  heartbeat: Heartbeat,
  options: PushOptions,
): Promise<{ answer: PushAnswer; http: HttpAnswer | null }> {
  const { target, proxyOrigin, timeoutMs, isRepeat, mask, now } = options
  const context = { target, proxyOrigin, timeoutMs, isRepeat, mask }
  const deadline = now() + timeoutMs
  let url = pushUrl(target, heartbeat)
  for (let redirects = 0; ; redirects += 1) {
    let http
    try {
      http = await request({
        dispatcher: options.dispatcher,
        url,
        headers: options.headers,
        signal: options.signal,
        timeoutMs: Math.max(1, Math.ceil(deadline - now())),
        maxBytes: MAX_ANSWER_BYTES,
      })
    } catch (error) {
      if (error instanceof HttpFailure) return { answer: judgeFailure(error, context), http: null }
      throw error
    }
    const next = redirect(http, url, target, mask)
    if (next === null) return { answer: judgeAnswer(http, context), http }
    if ('refused' in next) return { answer: refusedRedirect(http.status, next.refused, target), http }
    if (redirects === MAX_REDIRECTS) {
      const why = `the ${MAX_REDIRECTS + 1}th redirect in a row; check the URL`
      return { answer: refusedRedirect(http.status, why, target), http }
    }
    url = next.to
  }
}
