import { readFile } from 'node:fs/promises'
import type { LookupFunction } from 'node:net'
import type { Dispatcher } from 'undici'
import { version } from '../../package.json'
import type { KumaConfig, PushTarget } from '../config/config.ts'
import type { Clock } from '../lib/clock.ts'
import { ConfigError, messageOf } from '../lib/errors.ts'
import {
  HttpFailure,
  loadAgent,
  loadProxyAgent,
  request,
  type HttpAnswer,
  type HttpRequest,
} from '../lib/http.ts'
import { MESSAGE_LIMIT, oneLine } from '../lib/text.ts'
import {
  judgeAnswer,
  judgeFailure,
  judgeRedirect,
  type AnswerContext,
  type PushAnswer,
  type PushAnswerKind,
} from './answers.ts'

/** One heartbeat as Kuma's push endpoint takes it. */
export interface Heartbeat {
  readonly status: 'up' | 'down'
  /** One line, at most 250 characters. */
  readonly msg: string
  /** Milliseconds; null leaves it out (Kuma stores 0 as nothing). */
  readonly ping: number | null
}

/** Pushes the heartbeats of one monitor. */
export interface Pusher {
  /**
   * Sends one heartbeat once; a failure is an answer, not an exception.
   * A DOWN that is not answered in time stays open: the answer has `late` then.
   * @param isRepeat Kuma has been told this status before, so that it has nobody to notify and no reason to be slow
   */
  push(heartbeat: Heartbeat, isRepeat: boolean, signal: AbortSignal): Promise<PushAnswer>
  /** Tells whether Kuma answers anything at all, over a new connection. */
  isThere(signal: AbortSignal): Promise<boolean>
}

/** The outcome of a push to a token that no monitor has. */
export interface Probe {
  /** Of kind `unknown-monitor` when it is Kuma's push API. */
  readonly answer: PushAnswer
  /** Unix milliseconds of the answer's `Date`, whole seconds; null without one. */
  readonly dateMs: number | null
}

interface KumaOptions {
  readonly clock: Pick<Clock, 'now' | 'sleep'>
  /** Masks secrets in texts from outside. */
  readonly mask: (text: string) => string
  /** How names become addresses; as the host does it, unless given. */
  readonly lookup?: LookupFunction
}

/**
 * Makes the client of one Kuma. Connects to nothing before the first push.
 * @throws {ConfigError} when a certificate or key cannot be read or used
 */
export async function openKumaClient(config: KumaConfig, options: KumaOptions): Promise<KumaClient> {
  return new KumaClient(config, options, await readTlsFiles(config))
}

const MAX_ANSWER_BYTES = 64 * 1024
/** How long a DOWN without an answer is left open, and no other one is sent. */
export const MAX_OPEN_MS = 300_000
/** Kuma's entry page takes a few milliseconds. */
const ENTRY_PAGE_TIMEOUT_MS = 10_000
/** Longer than a connection takes that works. */
const MAX_CONNECT_MS = 10_000
/** Kuma's tokens are letters and digits. */
const NOBODYS_TOKEN = 'no-monitor-has-this-token'

/**
 * After any other answer the next push opens a new connection, which may lead to another backend of the proxy in front of
 * Kuma. An agent without file descriptors can open none: it keeps the one that it has.
 */
const KEEPS_CONNECTION: ReadonlySet<PushAnswerKind> = new Set([
  'accepted',
  'unknown-monitor',
  'bad-ping',
  'agent-error',
])

/** One Kuma, with connections that all its monitors share and that are kept open between pushes. */
export class KumaClient {
  readonly config: KumaConfig
  readonly #options: KumaOptions
  readonly #tls: TlsFiles
  readonly #headers: Readonly<Record<string, string>>
  /** The one for the next push, by the proxy on the way; null is none. */
  readonly #dispatchers = new Map<string | null, Promise<Dispatcher>>()
  /** All that have connections, those included that only finish what is under way. */
  readonly #open = new Set<Promise<Dispatcher>>()

  constructor(config: KumaConfig, options: KumaOptions, tls: TlsFiles) {
    this.config = config
    this.#options = options
    this.#tls = tls
    this.#headers = { 'user-agent': `kuma-supervisor-push/${version}`, ...config.headers }
  }

  pusher(target: PushTarget): Pusher {
    return {
      push: async (heartbeat, isRepeat, signal) =>
        (await this.#push(target, heartbeat, isRepeat, signal)).answer,
      isThere: (signal) => this.#isThere(target, signal),
    }
  }

  /**
   * Pushes to a token that no monitor has: Kuma looks for it first and records nothing, and every proxy on the way treats
   * it as a heartbeat.
   * @see https://github.com/louislam/uptime-kuma/blob/master/server/routers/api-router.js
   */
  async probe(target: PushTarget, signal: AbortSignal): Promise<Probe> {
    const nobody = { ...target, token: NOBODYS_TOKEN }
    const heartbeat = { status: 'up', msg: 'is this Kuma?', ping: null } as const
    const { answer, http } = await this.#push(nobody, heartbeat, false, signal)
    const date = Date.parse([http?.headers['date']].flat()[0] ?? '')
    return { answer, dateMs: Number.isNaN(date) ? null : date }
  }

  /**
   * Makes another request to this Kuma, the same way as a push.
   * @throws {HttpFailure}
   */
  async request(options: Omit<HttpRequest, 'dispatcher'>): Promise<HttpAnswer> {
    return this.#request(this.config.proxy, options)
  }

  /** Ends every connection at once; pushes under way fail. */
  async close(): Promise<void> {
    const open = [...this.#open]
    this.#open.clear()
    this.#dispatchers.clear()
    await Promise.all(open.map(async (dispatcher) => (await dispatcher).destroy()))
  }

  /** Returns the HTTP answer too; null when there was no whole one. */
  async #push(
    target: PushTarget,
    heartbeat: Heartbeat,
    isRepeat: boolean,
    signal: AbortSignal,
  ): Promise<{ answer: PushAnswer; http: HttpAnswer | null }> {
    const { timeoutMs, repeatTimeoutMs } = this.config
    const { mask } = this.#options
    const context = { target, timeoutMs: isRepeat ? repeatTimeoutMs : timeoutMs, isRepeat, mask }
    const url = pushUrl(target, heartbeat)
    const result = await (heartbeat.status === 'down'
      ? this.#exchangeOpenly(url, context, signal)
      : this.#exchange(url, context, signal))
    if (!KEEPS_CONNECTION.has(result.answer.kind)) this.#retire(target.proxy)
    return result
  }

  /** Waits for the answer as long as for any; then leaves the request open, since a second one would alert a second time. */
  async #exchangeOpenly(
    url: URL,
    context: AnswerContext,
    signal: AbortSignal,
  ): Promise<{ answer: PushAnswer; http: HttpAnswer | null }> {
    const whole = this.#exchange(
      url,
      { ...context, timeoutMs: Math.max(MAX_OPEN_MS, context.timeoutMs) },
      signal,
    )
    const inTime = new AbortController()
    const tooLate = this.#options.clock.sleep(context.timeoutMs, inTime.signal).then(() => null)
    const result = await Promise.race([whole, tooLate])
    inTime.abort()
    if (result !== null) return result
    const timeout = new HttpFailure('timeout', 'no answer in time', { sent: true })
    const late = whole.then(({ answer }) => answer)
    // Who is not interested in it shall not fail by it.
    late.catch(() => undefined)
    return { answer: { ...judgeFailure(timeout, { ...context, isRepeat: false }), late }, http: null }
  }

  async #isThere({ baseUrl, proxy }: PushTarget, signal: AbortSignal): Promise<boolean> {
    this.#retire(proxy)
    const url = new URL(baseUrl)
    url.pathname = `${url.pathname.replace(/\/+$/, '')}/api/entry-page`
    const timeoutMs = ENTRY_PAGE_TIMEOUT_MS
    try {
      const { status } = await this.#request(proxy, { url, signal, timeoutMs, maxBytes: MAX_ANSWER_BYTES })
      return status < 500
    } catch (error) {
      if (error instanceof HttpFailure) return false
      throw error
    }
  }

  async #exchange(
    start: URL,
    context: AnswerContext,
    signal: AbortSignal,
  ): Promise<{ answer: PushAnswer; http: HttpAnswer | null }> {
    const { clock } = this.#options
    const startedMs = clock.now()
    const deadlineMs = startedMs + context.timeoutMs
    let url = start
    for (let redirects = 0; ; redirects += 1) {
      try {
        const http = await this.#request(context.target.proxy, {
          url,
          signal,
          timeoutMs: Math.max(1, Math.ceil(deadlineMs - clock.now())),
          maxBytes: MAX_ANSWER_BYTES,
        })
        const redirect = judgeRedirect(http, url, redirects, context)
        if (!(redirect instanceof URL)) {
          const tookMs = clock.now() - startedMs
          return { answer: redirect ?? judgeAnswer(http, { ...context, tookMs }), http }
        }
        url = redirect
      } catch (error) {
        if (error instanceof HttpFailure) return { answer: judgeFailure(error, context), http: null }
        throw error
      }
    }
  }

  async #request(proxy: string | null, options: Omit<HttpRequest, 'dispatcher'>): Promise<HttpAnswer> {
    const dispatcher = await this.#dispatcher(proxy)
    return request({ ...options, dispatcher, headers: { ...this.#headers, ...options.headers } })
  }

  #dispatcher(proxy: string | null): Promise<Dispatcher> {
    const known = this.#dispatchers.get(proxy)
    if (known !== undefined) return known
    const opened = this.#openDispatcher(proxy)
    this.#dispatchers.set(proxy, opened)
    this.#open.add(opened)
    return opened
  }

  async #openDispatcher(proxy: string | null): Promise<Dispatcher> {
    const connect = {
      ...this.#tls,
      ...(this.config.insecure && { rejectUnauthorized: false }),
      ...(this.#options.lookup !== undefined && { lookup: this.#options.lookup }),
      timeout: Math.min(MAX_CONNECT_MS, this.config.repeatTimeoutMs),
    }
    // A new connection asks the DNS anew: Kuma may have moved while something at its old address answers still.
    const pool = { keepAliveTimeout: 30_000, clientTtl: 120_000 }
    if (proxy === null) {
      const Agent = await loadAgent()
      return new Agent({ ...pool, connect })
    }
    const ProxyAgent = await loadProxyAgent()
    return new ProxyAgent({
      ...pool,
      uri: proxy,
      // As curl does: a tunnel for https only, since many proxies allow CONNECT to port 443 alone.
      proxyTunnel: false,
      requestTls: connect,
      proxyTls: { timeout: connect.timeout },
    })
  }

  /** Has the next push open a new connection; what is under way over the old one ends in its own time. */
  #retire(proxy: string | null): void {
    const retired = this.#dispatchers.get(proxy)
    if (retired === undefined) return
    this.#dispatchers.delete(proxy)
    void retired
      .then((dispatcher) => dispatcher.close())
      // It was destroyed meanwhile, which ends it as well.
      .catch(() => {})
      .finally(() => this.#open.delete(retired))
  }
}

/**
 * Returns the URL that pushes one heartbeat.
 * @see https://github.com/louislam/uptime-kuma/blob/master/server/routers/api-router.js
 */
export function pushUrl(
  { baseUrl, token }: Pick<PushTarget, 'baseUrl' | 'token'>,
  { status, msg, ping }: Heartbeat,
): URL {
  const query = [`status=${status}`, `msg=${encodeURIComponent(sendable(msg))}`]
  // Kuma reads 0 as "not measured", and its older versions read whole numbers only.
  if (ping !== null && ping > 0 && Number.isFinite(ping)) query.push(`ping=${Math.max(1, Math.round(ping))}`)
  const url = new URL(baseUrl)
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/api/push/${encodeURIComponent(token)}`
  url.search = query.join('&')
  url.hash = ''
  return url
}

/** Returns a message that can be sent whatever it holds: one line of whole characters, at most 250 of them. */
function sendable(msg: string): string {
  // Half a surrogate pair makes encodeURIComponent throw.
  const line = oneLine(msg)
  const characters = Array.from(line)
  return characters.length > MESSAGE_LIMIT ? `${characters.slice(0, MESSAGE_LIMIT - 1).join('')}…` : line
}

/** PEM, as TLS takes it. */
interface TlsFiles {
  /** Replaces the public authorities. */
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

async function readTlsFiles({ caFile, clientCertFile, clientKeyFile }: KumaConfig): Promise<TlsFiles> {
  const files = {
    ...(caFile !== null && { ca: await readPem('ca_file', caFile) }),
    ...(clientCertFile !== null && { cert: await readPem('client_cert_file', clientCertFile) }),
    ...(clientKeyFile !== null && { key: await readPem('client_key_file', clientKeyFile) }),
  }
  if (Object.keys(files).length === 0) return files
  const [{ createSecureContext }, { X509Certificate }] = await Promise.all([
    import('node:tls'),
    import('node:crypto'),
  ])
  try {
    createSecureContext(files)
    // The context takes anything for an authority, and then trusts nobody.
    if (files.ca !== undefined) void new X509Certificate(files.ca)
  } catch (error) {
    throw new ConfigError([
      `kuma: the contents of ca_file, client_cert_file or client_key_file cannot be used (${messageOf(error)}): expected PEM, ` +
        'and the key that belongs to the certificate',
    ])
  }
  return files
}

async function readPem(key: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new ConfigError([`kuma.${key}: ${path} cannot be read: ${messageOf(error)}`])
  }
}
