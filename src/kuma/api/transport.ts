import { Fetch } from 'socket.io-client'
import { HttpFailure, type HttpAnswer } from '../../lib/http.ts'
import { judgeFailure } from '../answers.ts'
import type { KumaClient } from '../push.ts'

/** Kuma answers a poll when it has something to say, and at least every 25 s. */
const POLL_TIMEOUT_MS = 60_000
const WRITE_TIMEOUT_MS = 30_000
/** Hundreds of monitors come with their last heartbeats. */
const MAX_BYTES = 64 * 1024 * 1024

/**
 * Returns a transport of socket.io: HTTP long-polling over the connections that heartbeats take, so through the same
 * proxies, with the same certificates and headers. There is no websocket, which many proxies do not let through.
 * @param signal ends every request at once
 * @param onFailure called with whatever was no right answer
 */
export function createPollingTransport(
  kuma: KumaClient,
  signal: AbortSignal,
  onFailure: (failure: HttpFailure | HttpAnswer) => void,
): typeof Fetch {
  return class extends Fetch {
    override doPoll(): void {
      void this.ask({ method: 'GET', timeoutMs: POLL_TIMEOUT_MS }, (text) => this.onData(text))
    }

    override doWrite(data: string, onWritten: () => void): void {
      const headers = { 'content-type': 'text/plain;charset=UTF-8' }
      void this.ask({ method: 'POST', headers, body: data, timeoutMs: WRITE_TIMEOUT_MS }, onWritten)
    }

    private async ask(
      options: Pick<Parameters<KumaClient['request']>[0], 'method' | 'headers' | 'body' | 'timeoutMs'>,
      onAnswer: (text: string) => void,
    ): Promise<void> {
      try {
        const url = new URL(this.uri())
        const answer = await kuma.request({ ...options, url, signal, maxBytes: MAX_BYTES })
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

/** Never sent: the sentences about pushes mask it. */
const NO_TOKEN = 'no-token-is-sent-here'

/** Says why no session with Kuma came about; null for the failure means that the answers were not Kuma's. */
export function describeNoSession(
  failure: HttpFailure | HttpAnswer | null,
  { url, proxy }: KumaClient['config'],
): string {
  const at = `Kuma at ${url}`
  if (failure instanceof HttpFailure) {
    if (failure.code === 'timeout' && failure.sent) return `${at} does not answer (${failure.message})`
    const target = { baseUrl: url, token: NO_TOKEN, proxy }
    // A failure below HTTP holds nothing of what was sent.
    return judgeFailure(failure, { target, timeoutMs: 0, isRepeat: false, mask: (text) => text }).message
  }
  if (failure === null || failure.status === 404 || failure.status === 400) {
    const answered = failure === null ? 'answers something else' : `answers ${failure.status}`
    return (
      `${at} ${answered} where Kuma's page connects (${new URL(url).pathname.replace(/\/+$/, '')}/socket.io/): ` +
      'check the URL, and that Kuma has finished its set-up of the database'
    )
  }
  const { status, headers } = failure
  if (status >= 300 && status < 400) {
    return `${at} answers ${status}: ${describeRedirect(headers['location'], new URL(url))}`
  }
  if (status === 401 || status === 403) {
    return (
      `${at} answers ${status}: a proxy in front of it refuses; give it what it wants in username and ` +
      'password_file or headers under [kuma]'
    )
  }
  return `${at} answers ${status}: it is overloaded, restarting, or another program; try again`
}

function describeRedirect(location: string | string[] | undefined, from: URL): string {
  const [path = ''] = [location].flat()
  if (!URL.canParse(path, from.href)) return 'a redirect to nowhere; check the URL'
  const to = new URL(path, from)
  // The path may hold what a login page was sent.
  return to.host === from.host && to.protocol !== from.protocol
    ? `it redirects to ${to.protocol}//: give the URL with that`
    : `it redirects to ${to.origin}: a login page, or another address to be given`
}
