import type { LookupFunction } from 'node:net'
import type { Dispatcher } from 'undici'
import type { PushTarget } from '../config/config.ts'
import { ConfigError, messageOf } from '../lib/errors.ts'
import { loadAgent, loadProxyAgent } from '../lib/http.ts'
import type { Heartbeat } from '../agent/heartbeat.ts'
import { push, type PushOptions } from './push.ts'
import { probe, type Probe } from './probe.ts'
import type { PushAnswer, PushAnswerKind } from './push-answer.ts'
import { createWays } from './ways.ts'

/** How this host reaches its Kumas; contents of files, not their names. */
export interface KumaConnectionOptions {
  /** For every push: those of Cloudflare Access, or `Authorization` for a proxy with basic auth. */
  readonly headers: Readonly<Record<string, string>>
  /** PEM; replaces the public authorities. */
  readonly ca: string | null
  /** PEM, for mutual TLS, together with its key. */
  readonly clientCert: string | null
  readonly clientKey: string | null
  /** Trusts any certificate. */
  readonly insecure: boolean
  /** For one whole push that brings news. 20 to 30 s, since Kuma 2 answers only after it has notified. */
  readonly timeoutMs: number
  /** For one whole push that repeats what Kuma knows: so short that another one fits in before Kuma's deadline. */
  readonly repeatTimeoutMs: number
  /** Whether hardly more than one push is to come, so that none is worth a connection that is kept. */
  readonly isOneShot: boolean
  /** Masks secrets in what others say. */
  readonly mask: (text: string) => string
  /** Of this program, for the User-Agent. */
  readonly version: string
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** How names become addresses; as the host does it, unless given. */
  readonly lookup?: LookupFunction
}

/** Sends the heartbeats of one monitor; never rejects but for a fault of the program itself. */
export interface Pusher {
  /** @param isRepeat whether Kuma has been told this status before, so that it has nobody to notify; false by default */
  push(heartbeat: Heartbeat, signal: AbortSignal, isRepeat?: boolean): Promise<PushAnswer>
}

/** The connections of all monitors to all Kumas, kept alive between pushes. */
export interface KumaConnection {
  pusher(target: PushTarget): Pusher
  /** Asks what stands at the target's address, without a heartbeat. */
  probe(target: PushTarget, signal: AbortSignal): Promise<Probe>
  /** What other requests than pushes go through, on the same way. */
  open(proxy: string | null): Promise<{
    readonly dispatcher: Dispatcher
    readonly headers: Readonly<Record<string, string>>
  }>
  /** Ends every connection at once; pushes under way fail. */
  close(): Promise<void>
}

/**
 * Opens nothing before the first push.
 * @throws {ConfigError} when a certificate or key is not usable.
 */
export async function openKumaConnection(options: KumaConnectionOptions): Promise<KumaConnection> {
  const connect = await connectOptions(options)
  const ways = createWays((proxy) => openDispatcher(proxy, connect))
  const headers = { 'user-agent': `kuma-supervisor-push/${options.version}`, ...options.headers }
  const { now, mask } = options
  const pushOptions = (
    dispatcher: Dispatcher,
    target: PushTarget,
    isRepeat: boolean,
    signal: AbortSignal,
  ): PushOptions => {
    const proxyOrigin = target.proxy === null ? null : new URL(target.proxy).origin
    const timeoutMs = isRepeat ? options.repeatTimeoutMs : options.timeoutMs
    return { dispatcher, proxyOrigin, headers, timeoutMs, isRepeat, mask, now, target, signal }
  }
  return {
    pusher: (target) => ({
      push: (heartbeat, signal, isRepeat = false) =>
        ways.use(
          target.proxy,
          (dispatcher) => push(heartbeat, pushOptions(dispatcher, target, isRepeat, signal)),
          ({ kind }) => KEEPS_WAY.has(kind),
        ),
    }),
    probe: (target, signal) =>
      ways.use(
        target.proxy,
        (dispatcher) => probe(pushOptions(dispatcher, target, false, signal)),
        ({ answer: { kind } }) => KEEPS_WAY.has(kind),
      ),
    open: async (proxy) => ({ dispatcher: await ways.open(proxy), headers }),
    close: () => ways.close(),
  }
}

/**
 * After anything else a new connection may lead to a better place, as another backend of the proxy in front of Kuma. An
 * agent without file descriptors can open none: the one that it has is all that can tell it.
 */
const KEEPS_WAY: ReadonlySet<PushAnswerKind> = new Set([
  'accepted',
  'unknown-monitor',
  'bad-ping',
  'agent-error',
])

type ConnectOptions = Awaited<ReturnType<typeof connectOptions>>

async function connectOptions(options: KumaConnectionOptions) {
  return {
    ...(await tlsOptions(options)),
    ...(options.insecure && { rejectUnauthorized: false }),
    ...(options.lookup !== undefined && { lookup: options.lookup }),
    timeout: Math.min(10_000, options.repeatTimeoutMs),
    // Happy eyeballs: where one family of addresses is broken, the other is tried.
    autoSelectFamily: true,
  }
}

/** Loads the HTTP client. */
async function openDispatcher(proxy: string | null, connect: ConnectOptions): Promise<Dispatcher> {
  const pool = {
    // No bound on the connections: there is one push in flight per monitor, and none may wait for another's.
    connections: null,
    keepAliveTimeout: 30_000,
    // A new connection asks the DNS anew: Kuma may have moved while something at its old address answers still.
    clientTtl: 120_000,
  }
  if (proxy === null) {
    const Agent = await loadAgent()
    return new Agent({ ...pool, connect })
  }
  const ProxyAgent = await loadProxyAgent()
  return new ProxyAgent({
    ...pool,
    uri: proxy,
    // As curl does: a tunnel for https only; many proxies allow CONNECT to port 443 alone.
    proxyTunnel: false,
    requestTls: connect,
    proxyTls: { timeout: connect.timeout, autoSelectFamily: true },
  })
}

async function tlsOptions({ ca, clientCert, clientKey }: KumaConnectionOptions) {
  const pem = {
    ...(ca !== null && { ca }),
    ...(clientCert !== null && { cert: clientCert }),
    ...(clientKey !== null && { key: clientKey }),
  }
  if (Object.keys(pem).length === 0) return {}
  const [{ createSecureContext }, { X509Certificate }] = await Promise.all([
    import('node:tls'),
    import('node:crypto'),
  ])
  try {
    createSecureContext(pem)
    // The context takes anything for an authority, and then trusts nobody.
    if (ca !== null) void new X509Certificate(ca)
  } catch (error) {
    throw new ConfigError([
      `kuma: the contents of ca_file, client_cert_file or client_key_file cannot be used (${messageOf(error)}): expected PEM, ` +
        'and the key that belongs to the certificate',
    ])
  }
  return pem
}
