import type { Client } from 'undici'
import { type HttpAnswer, HttpFailure, request } from '../../lib/http.ts'
import { loadClient } from '../../lib/http.ts'

/** Where an XML-RPC server listens: on a unix socket, or behind an `http:` or `https:` URL. */
export interface PeerAddress {
  /** The whole URL of the endpoint; with a socket its host is only a name. */
  readonly url: URL
  readonly socketPath: string | null
  readonly username: string | null
  readonly password: string | null
  /** Certificates in PEM that are trusted instead of the system's. */
  readonly ca: string | null
}

/** A server behind one kept-alive connection, opened when it is first needed and again when it was lost. */
export interface Peer {
  /** @throws {HttpFailure} */
  post(body: string, options: PostOptions): Promise<HttpAnswer>
  /** Ends what is under way. */
  close(): Promise<void>
}

export interface PostOptions {
  signal: AbortSignal
  /** Total. */
  timeoutMs: number
  /** Whether it may be sent twice; it is, once, when a kept-alive connection turns out to be dead. */
  idempotent: boolean
}

/** supervisord's largest honest answer, for a thousand programs, is 2.4 MB. */
const MAX_BYTES = 16 * 1024 * 1024

/** Longer than any pause between two checks: the idle connection is also how the end of the server is noticed. */
const KEEP_ALIVE_MS = 24 * 60 * 60 * 1000

/** The connection as far as it is open. */
interface Line {
  readonly client: Client
  /** Answers over the present connection. */
  answers: number
}

/**
 * Nothing is opened yet.
 * @param onEnd called when the server ends a connection that was kept alive and on which nothing was being asked
 * @param now monotonic milliseconds
 */
export function createPeer(address: PeerAddress, onEnd: () => void, now: () => number): Peer {
  const { url, username, password } = address
  const headers: Record<string, string> = { 'content-type': 'text/xml', accept: 'text/xml' }
  if (username !== null) {
    headers['authorization'] = `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}`
  }
  const lines = new Set<Line>()
  let current: Line | null = null
  let asking = 0
  let closed = false

  const open = async (timeoutMs: number): Promise<Line> => {
    const Client = await loadClient()
    if (closed) throw new HttpFailure('aborted', 'the connection was closed by us')
    if (current !== null) return current
    const client = new Client(url.origin, {
      ...(address.socketPath !== null && { socketPath: address.socketPath }),
      connect: { timeout: timeoutMs, ...(address.ca !== null && { ca: address.ca }) },
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS,
    })
    const line = { client, answers: 0 }
    client.on('connect', () => (line.answers = 0))
    client.on('disconnect', (_origin, _targets, { code }) => {
      // UND_ERR_INFO: our own side closed it, as agreed. A server that ends every connection says nothing by it.
      if (asking === 0 && line.answers > 1 && current === line && code !== 'UND_ERR_INFO') onEnd()
    })
    lines.add(line)
    current = line
    return line
  }

  /** A connection that does not open is left behind, so that the next call begins anew. */
  const leave = (line: Line) => {
    if (current === line) current = null
    const forget = () => lines.delete(line)
    line.client.close().then(forget, forget)
  }

  const postOnce = async (line: Line, body: string, signal: AbortSignal, timeoutMs: number) => {
    const answer = await request({
      dispatcher: line.client,
      url,
      method: 'POST',
      headers,
      body,
      signal,
      timeoutMs: Math.max(1, Math.ceil(timeoutMs)),
      maxBytes: MAX_BYTES,
    })
    line.answers++
    return answer
  }

  return {
    async post(body, { signal, timeoutMs, idempotent }) {
      const deadline = now() + timeoutMs
      asking++
      try {
        const line = current ?? (await open(timeoutMs))
        try {
          return await postOnce(line, body, signal, deadline - now())
        } catch (error) {
          const failure = error instanceof HttpFailure ? error : null
          if (failure && !failure.sent) leave(line)
          // A server that restarted closes kept-alive connections: seen only when the next call is already on its way.
          const stale = failure?.code === 'reset' && failure.status === null && line.answers > 0
          if (!stale || !idempotent) throw error
          return await postOnce(line, body, signal, deadline - now())
        }
      } finally {
        asking--
      }
    },

    async close() {
      closed = true
      current = null
      await Promise.all([...lines].map(({ client }) => client.destroy()))
    },
  }
}
