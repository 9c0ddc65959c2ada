import { setFlagsFromString } from 'node:v8'
import type { Agent, Client, Dispatcher, ProxyAgent } from 'undici'
import { codeOf, noDescriptors } from './errors.ts'

/** The reasons why there is no whole HTTP answer; decide by these, never by the text. */
export type HttpFailureCode =
  /** The deadline passed, or the connection could not be opened in time. */
  | 'timeout'
  /** ECONNREFUSED: the port or the socket file exists and nobody listens. */
  | 'refused'
  /** ENOENT: no such socket file. */
  | 'not-found-socket'
  /** EACCES or EPERM on the socket file. */
  | 'permission'
  | 'dns'
  /** A certificate that is not trusted, or no TLS at the other end. */
  | 'tls'
  /** The connection ended before the answer was whole. */
  | 'reset'
  /** The answer's body is larger than `maxBytes`. */
  | 'too-large'
  /** The peer speaks something else than HTTP. */
  | 'not-http'
  /** EMFILE or ENFILE: this side has no file descriptors left, and nobody was asked. */
  | 'no-descriptors'
  /** The caller's signal. */
  | 'aborted'
  | 'other'

/** There is no whole HTTP answer. The message is one line and holds neither path, headers nor body. */
export class HttpFailure extends Error {
  override name = 'HttpFailure'
  readonly code: HttpFailureCode
  /** The answer's status; null when the failure came before it. */
  readonly status: number | null
  /** False when no byte of the request was written, so that the peer cannot have acted on it. */
  readonly sent: boolean

  constructor(
    code: HttpFailureCode,
    message: string,
    options: { status?: number | null; sent?: boolean; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause })
    this.code = code
    this.status = options.status ?? null
    this.sent = options.sent ?? false
  }
}

export interface HttpRequest {
  /** An undici Client, Pool, Agent or ProxyAgent, opened and closed by the caller. */
  dispatcher: Dispatcher
  /** `http:` or `https:`; with a client on a unix socket the host is only a name. */
  url: URL
  method?: Dispatcher.HttpMethod
  headers?: Readonly<Record<string, string>>
  body?: string | Buffer
  signal: AbortSignal
  /** Total: connect, headers and body. */
  timeoutMs: number
  maxBytes: number
  /** An answer that is larger fails as `too-large`; with `cut` its beginning is the answer. */
  overflow?: 'fail' | 'cut'
}

export interface HttpAnswer {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
  /** False when the body was cut at `maxBytes`. */
  readonly isWhole: boolean
}

/**
 * Makes one request; redirects are not followed and no status is an error.
 *
 * Settles at the deadline even while a connection is being opened; a request that was still waiting then is never sent.
 * @throws {HttpFailure}
 */
export function request(options: HttpRequest): Promise<HttpAnswer> {
  const { dispatcher, url, signal, method = 'GET', headers = {}, body = null } = options
  if (signal.aborted) return Promise.reject(new HttpFailure('aborted', 'aborted'))
  return new Promise((resolve, reject) => {
    const exchange = new Exchange(options, resolve, reject)
    const { origin, pathname, search } = url
    keepWasmBaseline()
    try {
      // dispatch() rather than request(): that would wait for the connection before it heeds a signal.
      dispatcher.dispatch(
        { origin, path: `${pathname}${search}`, method, headers, body, headersTimeout: 0, bodyTimeout: 0 },
        exchange,
      )
    } catch (error) {
      exchange.fail(failureCode(error), describeCause(error), error)
    }
  })
}

/** One request under way and the answer as far as it has come. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #options: HttpRequest
  readonly #resolve: (answer: HttpAnswer) => void
  readonly #reject: (failure: HttpFailure) => void
  readonly #timer: NodeJS.Timeout
  readonly #onAbort = (): void => this.fail('aborted', 'aborted')
  /** Null until the request is written to a connection. */
  #controller: Dispatcher.DispatchController | null = null
  #status: number | null = null
  #headers: HttpAnswer['headers'] = {}
  #chunks: Buffer[] = []
  #size = 0
  #isSettled = false

  constructor(
    options: HttpRequest,
    resolve: (answer: HttpAnswer) => void,
    reject: (failure: HttpFailure) => void,
  ) {
    this.#options = options
    this.#resolve = resolve
    this.#reject = reject
    const { signal, timeoutMs } = options
    this.#timer = setTimeout(() => this.fail('timeout', `no whole answer within ${timeoutMs} ms`), timeoutMs)
    signal.addEventListener('abort', this.#onAbort, { once: true })
  }

  fail(code: HttpFailureCode, message: string, cause?: unknown): void {
    if (this.#isSettled) return
    this.#settle()
    const sent = this.#controller !== null
    const failure = new HttpFailure(code, message, { status: this.#status, sent, cause })
    this.#reject(failure)
    this.#controller?.abort(failure)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // A request that was given up while it waited for a connection ends here, unsent.
    if (this.#isSettled) controller.abort(new HttpFailure('aborted', 'given up before it was sent'))
    else this.#controller = controller
  }

  onResponseStart(_: unknown, status: number, headers: HttpAnswer['headers']): void {
    if (status < 200) return
    this.#status = status
    this.#headers = headers
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#isSettled) return
    const { maxBytes, overflow } = this.#options
    this.#size += chunk.length
    this.#chunks.push(chunk)
    if (this.#size <= maxBytes) return
    if (overflow === 'cut') {
      this.#succeed(false)
      controller.abort(new HttpFailure('aborted', 'enough was read'))
    } else this.fail('too-large', `the answer is larger than ${maxBytes} bytes`)
  }

  onResponseEnd(): void {
    if (!this.#isSettled) this.#succeed(true)
  }

  onResponseError(_: unknown, error: Error): void {
    this.fail(failureCode(error), describeCause(error), error)
  }

  #succeed(isWhole: boolean): void {
    this.#settle()
    const body = Buffer.concat(this.#chunks, Math.min(this.#size, this.#options.maxBytes))
    this.#resolve({ status: this.#status ?? 0, headers: this.#headers, body, isWhole })
  }

  #settle(): void {
    this.#isSettled = true
    clearTimeout(this.#timer)
    this.#options.signal.removeEventListener('abort', this.#onAbort)
  }
}

const CODES: Readonly<Record<string, HttpFailureCode>> = {
  ECONNREFUSED: 'refused',
  ENOENT: 'not-found-socket',
  EACCES: 'permission',
  EPERM: 'permission',
  ENOTFOUND: 'dns',
  EAI_AGAIN: 'dns',
  EAI_FAIL: 'dns',
  EAI_NODATA: 'dns',
  EAI_NONAME: 'dns',
  ETIMEDOUT: 'timeout',
  UND_ERR_CONNECT_TIMEOUT: 'timeout',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  UND_ERR_SOCKET: 'reset',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'reset',
  UND_ERR_HEADERS_OVERFLOW: 'too-large',
  EPROTO: 'tls',
  EMFILE: 'no-descriptors',
  ENFILE: 'no-descriptors',
}

const TLS_CODE =
  /^(?:ERR_TLS|ERR_SSL|ERR_OSSL|CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|INVALID_CA)/

function failureCode(error: unknown): HttpFailureCode {
  // Happy eyeballs: one error per address; the first with a known code counts.
  if (error instanceof AggregateError && error.errors.length > 0) {
    return error.errors.map(failureCode).find((code) => code !== 'other') ?? 'other'
  }
  const code = codeOf(error) ?? ''
  const known = CODES[code]
  if (known !== undefined) return known
  if (TLS_CODE.test(code)) return 'tls'
  // undici gives its parser's errors a name and no reliable code.
  if (error instanceof Error && error.name === 'HTTPParserError') return 'not-http'
  return 'other'
}

/** Returns one line, made of the causes where there are several. */
function describeCause(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) {
    return [...new Set(error.errors.map(describeCause))].join(', ')
  }
  const own = noDescriptors(codeOf(error) ?? '')
  if (own !== null) return own
  const text = error instanceof Error ? error.message || error.name : String(error)
  return text.replace(/\s+/g, ' ').trim()
}

// undici's modules by path: the whole package costs every start 35 ms of CPU more, a fifth of what the same work takes in
// shell (`systemctl`, `supervisorctl`, `curl`).

/** Loads undici's connections to many servers. */
export function loadAgent(): Promise<typeof Agent> {
  return load(import('undici/lib/dispatcher/agent.js'))
}

/** Loads undici's connection to one server. */
export function loadClient(): Promise<typeof Client> {
  return load(import('undici/lib/dispatcher/client.js'))
}

/** Loads undici's connections to many servers through an HTTP proxy. */
export async function loadProxyAgent(): Promise<typeof ProxyAgent> {
  const [Loaded, Pool, connect] = await Promise.all([
    load(import('undici/lib/dispatcher/proxy-agent.js')),
    load(import('undici/lib/dispatcher/pool.js')),
    load(import('undici/lib/api/api-connect.js')),
  ])
  /** Opens the tunnels; undici's index gives `connect` to every class, which a module by its path does not have. */
  class TunnelPool extends Pool {
    override connect = connect
  }
  return class extends Loaded {
    constructor(options: ProxyAgent.Options) {
      super({ clientFactory: (origin, pool) => new TunnelPool(origin, pool), ...options })
    }
  }
}

async function load<T>(loading: Promise<{ default: T }>): Promise<T> {
  return (await loading).default
}

/**
 * Keeps V8 from compiling undici's HTTP parser, which is WebAssembly, a second time with its optimising compiler: after the
 * first few kilobytes that would cost 40 to 50 ms of CPU and 22 MB (Node 20, 22 and 24), and the end of the process would
 * wait for it. Not before the modules are loaded, since V8 refuses what Node brings compiled under other flags.
 * @see https://nodejs.org/api/v8.html#v8setflagsfromstringflags
 */
function keepWasmBaseline(): void {
  setFlagsFromString('--no-wasm-tier-up')
  setFlagsFromString('--no-wasm-dynamic-tiering')
}
