import type { Dispatcher } from 'undici'
import { HttpFailure, request } from '../lib/http.ts'
import { loadAgent } from '../lib/http.ts'
import type { HttpReading } from './http-reading.ts'

/** Asks one URL again and again, one request at a time. */
export interface HttpProbe {
  /**
   * Asks, or goes on with what is being asked. What comes within `waitMs` is the reading; else it is `waiting`, and a
   * later call has the outcome, once: a page that hangs delays nobody, and no answer counts twice.
   */
  read(waitMs: number, signal: AbortSignal): Promise<HttpReading>
  close(): Promise<void>
}

export interface HttpProbeOptions {
  readonly url: string
  /** Total, for one request. */
  readonly timeoutMs: number
  /** Texts to look for in the answer. */
  readonly texts: readonly string[]
}

/** What is read of an answer at most: enough for any health page. */
const MAX_BYTES = 1024 * 1024

/** Loads the HTTP client when it first asks. */
export function createHttpProbe(options: HttpProbeOptions): HttpProbe {
  const closing = new AbortController()
  let dispatcher: Dispatcher | null = null
  let underWay: Promise<HttpReading> | null = null

  const open = async (): Promise<Dispatcher> => {
    const Agent = await loadAgent()
    // A connection for each request, as a user's browser opens it: a kept one would not notice that nobody listens.
    dispatcher ??= new Agent({ pipelining: 0, connect: { timeout: options.timeoutMs } })
    return dispatcher
  }

  return {
    async read(waitMs, signal) {
      const outcome = (underWay ??= open().then((opened) => ask(opened, options, closing.signal)))
      let isOver = true
      try {
        const reading = await within(waitMs, outcome, signal)
        isOver = reading.kind !== 'waiting'
        return reading
      } finally {
        // A mistake of ours is told once too, and then the page is asked anew.
        if (isOver) underWay = null
      }
    },
    async close() {
      closing.abort()
      await dispatcher?.destroy()
    },
  }
}

/** The outcome if it comes in time. */
function within(ms: number, outcome: Promise<HttpReading>, signal: AbortSignal): Promise<HttpReading> {
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

async function ask(
  dispatcher: Dispatcher,
  { url, timeoutMs, texts }: HttpProbeOptions,
  signal: AbortSignal,
): Promise<HttpReading> {
  try {
    const { status, headers, body, isWhole } = await request({
      dispatcher,
      url: new URL(url),
      headers: { accept: '*/*', 'user-agent': 'kuma-supervisor-push' },
      signal,
      timeoutMs,
      maxBytes: MAX_BYTES,
      overflow: 'cut',
    })
    const found = texts.filter((text) => body.includes(text))
    return { kind: 'answered', status, location: locationOf(headers['location'], url), found, isWhole }
  } catch (error) {
    if (!(error instanceof HttpFailure)) throw error
    return { kind: 'failed', says: describe(error, timeoutMs) }
  }
}

/** Without its query, which may hold a secret. */
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
