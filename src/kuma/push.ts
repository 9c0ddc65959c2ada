import type { Dispatcher } from 'undici'
import type { PushTarget } from '../config/config.ts'
import { HttpFailure, request } from '../http.ts'
import type { Heartbeat } from './heartbeat.ts'
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
  /** Monotonic milliseconds. */
  readonly now: () => number
  readonly signal: AbortSignal
}

/** Sends one heartbeat once; whatever comes back is an answer, never an exception. */
export async function push(heartbeat: Heartbeat, options: PushOptions): Promise<PushAnswer> {
  const { target, proxyOrigin, timeoutMs, now } = options
  const context = { target, proxyOrigin, timeoutMs }
  const deadline = now() + timeoutMs
  let url = pushUrl(target, heartbeat)
  for (let redirects = 0; ; redirects += 1) {
    let answer
    try {
      answer = await request({
        dispatcher: options.dispatcher,
        url,
        headers: options.headers,
        signal: options.signal,
        timeoutMs: Math.max(1, Math.ceil(deadline - now())),
        maxBytes: MAX_ANSWER_BYTES,
      })
    } catch (error) {
      if (error instanceof HttpFailure) return judgeFailure(error, context)
      throw error
    }
    const next = redirect(answer, url, target)
    if (next === null) return judgeAnswer(answer, context)
    if ('refused' in next) return refusedRedirect(answer.status, next.refused, target)
    if (redirects === MAX_REDIRECTS) {
      return refusedRedirect(
        answer.status,
        `the ${MAX_REDIRECTS + 1}th redirect in a row; check the URL`,
        target,
      )
    }
    url = next.to
  }
}
