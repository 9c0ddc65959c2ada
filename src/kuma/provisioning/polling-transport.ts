import { Fetch } from 'socket.io-client'
import type { Dispatcher } from 'undici'
import { HttpFailure, request, type HttpAnswer } from '../../lib/http.ts'

interface PollingOptions {
  readonly dispatcher: Dispatcher
  readonly headers: Readonly<Record<string, string>>
  /** Ends every request at once. */
  readonly signal: AbortSignal
  /** Called with whatever was no right answer. */
  readonly onFailure: (failure: HttpFailure | HttpAnswer) => void
}

/** Kuma answers a poll when it has something to say, and at least every 25 s. */
const POLL_TIMEOUT_MS = 60_000
const WRITE_TIMEOUT_MS = 30_000
/** Hundreds of monitors come with their last heartbeats. */
const MAX_BYTES = 64 * 1024 * 1024

/**
 * HTTP long-polling over the connection that heartbeats take: through the same proxies, with the same certificates and
 * headers. There is no websocket, which many a proxy eats.
 */
export function createPollingTransport({
  dispatcher,
  headers,
  signal,
  onFailure,
}: PollingOptions): typeof Fetch {
  return class extends Fetch {
    override doPoll(): void {
      void this.ask('GET', null, (text) => this.onData(text))
    }

    override doWrite(data: string, onWritten: () => void): void {
      void this.ask('POST', data, onWritten)
    }

    private async ask(method: 'GET' | 'POST', body: string | null, onAnswer: (text: string) => void) {
      try {
        const answer = await request({
          dispatcher,
          url: new URL(this.uri()),
          method,
          headers: body === null ? headers : { ...headers, 'content-type': 'text/plain;charset=UTF-8' },
          ...(body !== null && { body }),
          signal,
          timeoutMs: body === null ? POLL_TIMEOUT_MS : WRITE_TIMEOUT_MS,
          maxBytes: MAX_BYTES,
        })
        if (answer.status === 200) {
          onAnswer(answer.body.toString('utf8'))
          return
        }
        onFailure(answer)
        this.onError('an HTTP status', answer.status)
      } catch (error) {
        if (!(error instanceof HttpFailure)) throw error
        onFailure(error)
        this.onError('no HTTP answer', error)
      }
    }
  }
}
