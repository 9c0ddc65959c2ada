import type { Dispatcher } from 'undici'
import { codeOf, noDescriptors } from './errors.ts'

/** What went wrong below HTTP's own statuses; decide by these, never by the text. */
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

/** No whole HTTP answer; the message is one line and holds neither path, headers nor body. */
export class HttpFailure extends Error {
  override name = 'HttpFailure'
  readonly code: HttpFailureCode
  /** The answer's status, when it came before the failure; else null. */
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
  /** What becomes of an answer that is larger: it fails as `too-large` (unless set), or its beginning is the answer. */
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
  const { dispatcher, url, signal, timeoutMs, maxBytes } = options
  if (signal.aborted) return Promise.reject(new HttpFailure('aborted', 'aborted'))
  return new Promise((resolve, reject) => {
    let controller: Dispatcher.DispatchController | null = null
    let status: number | null = null
    let headers: HttpAnswer['headers'] = {}
    const chunks: Buffer[] = []
    let size = 0
    let settled = false

    const settle = () => {
      settled = true
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
    }
    const fail = (code: HttpFailureCode, message: string, cause?: unknown) => {
      if (settled) return
      settle()
      const failure = new HttpFailure(code, message, { status, sent: controller !== null, cause })
      reject(failure)
      controller?.abort(failure)
    }
    const failBy = (error: unknown) => fail(failureCode(error), describeCause(error), error)
    const succeed = (code: number, body: Buffer, isWhole: boolean) => {
      settle()
      resolve({ status: code, headers, body, isWhole })
    }
    const onAbort = () => fail('aborted', 'aborted')
    const timer = setTimeout(() => fail('timeout', `no whole answer within ${timeoutMs} ms`), timeoutMs)

    signal.addEventListener('abort', onAbort, { once: true })

    try {
      // dispatch() rather than request(): no undici module is loaded here, and there is no body stream to be left over.
      dispatcher.dispatch(
        {
          origin: url.origin,
          path: `${url.pathname}${url.search}`,
          method: options.method ?? 'GET',
          headers: options.headers ?? {},
          body: options.body ?? null,
          headersTimeout: 0,
          bodyTimeout: 0,
        },
        {
          onRequestStart(started) {
            // The first sight of the connection: a request given up while it waited for one ends here, unsent.
            if (settled) started.abort(new HttpFailure('aborted', 'given up before it was sent'))
            else controller = started
          },
          onResponseStart(_, code, received) {
            if (code < 200) return
            status = code
            headers = received
          },
          onResponseData(_, chunk) {
            if (settled || status === null) return
            size += chunk.length
            if (size <= maxBytes) chunks.push(chunk)
            else if (options.overflow === 'cut') {
              succeed(status, Buffer.concat([...chunks, chunk], maxBytes), false)
              controller?.abort(new HttpFailure('aborted', 'enough was read'))
            } else fail('too-large', `the answer is larger than ${maxBytes} bytes`)
          },
          onResponseEnd() {
            if (!settled && status !== null) succeed(status, Buffer.concat(chunks, size), true)
          },
          onResponseError(_, error) {
            failBy(error)
          },
        },
      )
    } catch (error) {
      failBy(error)
    }
  })
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
  // Happy eyeballs: one error per address; the first that means something speaks for all.
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

/** One line, made of the causes where there are several. */
function describeCause(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) {
    return [...new Set(error.errors.map(describeCause))].join(', ')
  }
  const own = noDescriptors(codeOf(error) ?? '')
  if (own !== null) return own
  const text = error instanceof Error ? error.message || error.name : String(error)
  return text.replace(/\s+/g, ' ').trim()
}
