import type { Dispatcher } from 'undici'
import { HttpFailure, loadAgent, request } from '../lib/http.ts'

/** The answer of a URL to one request. */
export type HttpReading =
  | {
      readonly kind: 'answered'
      readonly status: number
      /** Where a redirect leads, without its query; null when it is none. */
      readonly location: string | null
      /** Those of the wanted texts that were in the answer. */
      readonly found: readonly string[]
      /** False when the answer was too long to be read whole. */
      readonly isWhole: boolean
    }
  /** No whole answer; the end of a sentence that begins with the URL: `did not answer within 10 s`. */
  | { readonly kind: 'failed'; readonly text: string }
  /** It is still being asked; a later reading has the outcome. */
  | { readonly kind: 'waiting' }

/** The most that is read of an answer: enough for any health page. */
const MAX_BYTES = 1024 * 1024

/** Asks one URL again and again, one request at a time. Loads the HTTP client when it first asks. */
export class HttpProbe {
  readonly #url: string
  readonly #timeoutMs: number
  readonly #texts: readonly string[]
  readonly #closing = new AbortController()
  #dispatcher: Dispatcher | null = null
  #pending: Promise<HttpReading> | null = null

  /**
   * @param timeoutMs total, for one request
   * @param texts to look for in the answer
   */
  constructor(url: string, timeoutMs: number, texts: readonly string[]) {
    this.#url = url
    this.#timeoutMs = timeoutMs
    this.#texts = texts
  }

  /**
   * Asks, or goes on with what is being asked. What comes within `waitMs` is the reading; else it is `waiting`, and a
   * later call has the outcome, once: a page that hangs delays nobody, and no answer counts twice.
   */
  async read(waitMs: number, signal: AbortSignal): Promise<HttpReading> {
    this.#pending ??= this.#ask()
    const reading = await settledWithin(waitMs, this.#pending, signal)
    if (reading.kind !== 'waiting') this.#pending = null
    return reading
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#dispatcher?.destroy()
  }

  async #ask(): Promise<HttpReading> {
    const url = this.#url
    const timeoutMs = this.#timeoutMs
    const Agent = await loadAgent()
    // A connection for each request, as a user's browser opens it: a kept one would not notice that nobody listens.
    this.#dispatcher ??= new Agent({ pipelining: 0, connect: { timeout: timeoutMs } })
    try {
      const { status, headers, body, isWhole } = await request({
        dispatcher: this.#dispatcher,
        url: new URL(url),
        headers: { accept: '*/*', 'user-agent': 'kuma-supervisor-push' },
        signal: this.#closing.signal,
        timeoutMs,
        maxBytes: MAX_BYTES,
        overflow: 'cut',
      })
      const found = this.#texts.filter((text) => body.includes(text))
      return { kind: 'answered', status, location: locationOf(headers['location'], url), found, isWhole }
    } catch (error) {
      if (!(error instanceof HttpFailure)) throw error
      return { kind: 'failed', text: describe(error, timeoutMs) }
    }
  }
}

/** Resolves with the outcome, or with `waiting` after the time or when aborted. */
function settledWithin(ms: number, outcome: Promise<HttpReading>, signal: AbortSignal): Promise<HttpReading> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', wait)
    }
    const wait = (): void => {
      settle()
      resolve({ kind: 'waiting' })
    }
    const timer = setTimeout(wait, ms)
    signal.addEventListener('abort', wait)
    if (signal.aborted) wait()
    outcome.then(resolve, reject).finally(settle)
  })
}

/** Returns it without its query, which may hold a secret. */
function locationOf(header: string | string[] | undefined, base: string): string | null {
  const [location] = [header].flat()
  if (location === undefined || !URL.canParse(location, base)) return null
  const { origin, pathname } = new URL(location, base)
  return `${origin}${pathname}`
}

function describe({ code, status, message }: HttpFailure, timeoutMs: number): string {
  switch (code) {
    case 'timeout':
      return status === null
        ? `did not answer within ${timeoutMs / 1000} s`
        : `answered ${status} but did not finish within ${timeoutMs / 1000} s`
    case 'refused':
      return 'refuses connections: nobody listens there'
    case 'dns':
      return 'has a host name that is not known'
    case 'tls':
      return `cannot be trusted: ${message}`
    case 'reset':
      return 'ended the connection before its answer was whole'
    case 'not-http':
      return 'does not speak HTTP'
    default:
      return `cannot be asked: ${message}`
  }
}
