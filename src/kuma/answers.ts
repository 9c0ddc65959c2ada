import type { PushTarget } from '../config/config.ts'
import { codeOf } from '../lib/errors.ts'
import type { HttpAnswer, HttpFailure } from '../lib/http.ts'
import { maskToken } from '../lib/secret.ts'
import { shortText } from '../lib/text.ts'

/** Every kind of answer to a push, with when the same heartbeat may be sent again. */
const RETRIES = {
  /** 200 and `{"ok":true}`: the only success. */
  accepted: 'none',
  /** Something answered that is not Kuma's push API. */
  'not-kuma': 'none',
  /** Unknown token, or a monitor that is paused or deleted: Kuma does not tell which. */
  'unknown-monitor': 'none',
  'bad-ping': 'none',
  /** Kuma's database was busy. */
  'passing-error': 'quick',
  /** 404 with a page: Kuma is upgrading its database, or is another program. */
  migrating: 'slow',
  'too-long': 'none',
  /** A redirect that is not followed, since the token or the status would be lost on the way. */
  redirect: 'none',
  /** 401 or 403 of a proxy in front of Kuma. */
  denied: 'none',
  /** 429, or a 5xx of Kuma or a proxy. */
  busy: 'quick',
  refused: 'quick',
  reset: 'quick',
  /** Sent, but not answered in time, or a proxy gave up waiting: Kuma may still record it. */
  timeout: 'none',
  /** No connection: no route, no answer, or a proxy that does not let it through. */
  unreachable: 'quick',
  /** Its certificate is not trusted, or the handshake fails. */
  tls: 'slow',
  /** Its certificate has run out or is for another name. */
  certificate: 'slow',
  /** Something else than TLS at an https:// URL. */
  'no-tls': 'slow',
  dns: 'quick',
  /** The proxy on the way cannot be reached: what stands behind it is not known. */
  proxy: 'quick',
  /** The agent itself gave up, because it stops. */
  aborted: 'none',
  /** A fault of the agent itself, or no file descriptors left to it. */
  'agent-error': 'quick',
} as const satisfies Readonly<Record<string, Retry>>

/**
 * `at-once` (one time), `quick` within seconds, `slow` about twice a minute, `none` not at all: the next heartbeat comes in
 * its own time.
 */
type Retry = 'at-once' | 'quick' | 'slow' | 'none'

export type PushAnswerKind = keyof typeof RETRIES

/** The outcome of one push. */
export interface PushAnswer {
  readonly kind: PushAnswerKind
  readonly retry: Retry
  /** From the header `Retry-After`; null without one. */
  readonly retryAfterMs: number | null
  /** One line for people: what happened, at which Kuma, and the way out. Never holds the token. */
  readonly message: string
  /** The answer that comes after all to a heartbeat that was left open. */
  readonly late?: Promise<PushAnswer>
}

/** The push that was answered. */
export interface AnswerContext {
  readonly target: Omit<PushTarget, 'kuma'>
  readonly timeoutMs: number
  /** Kuma has been told this status before. */
  readonly isRepeat: boolean
  /** How long after the request its answer came; null when it does not matter. */
  readonly tookMs?: number
  /** Masks secrets in texts from outside. */
  readonly mask: (text: string) => string
}

/** A kind of answer, and its message or the part of it that is not common to all. */
type Row = readonly [kind: PushAnswerKind, text: string]

const DENIED: Row = [
  'denied',
  ': a proxy in front of Kuma refuses; give it what it wants in username and password_file or headers under [kuma], ' +
    'or let /api/push/ through without a login',
]
const TOO_LONG: Row = [
  'too-long',
  ' (URL and headers too long): shorten the headers under [kuma], or raise the limit of the proxy',
]

/** By status, unless Kuma itself says more; the text follows `Kuma at … answered 404`. */
const STATUSES: Readonly<Record<number, Row>> = {
  401: DENIED,
  403: DENIED,
  404: [
    'migrating',
    " without Kuma's own words: Kuma is upgrading its database, the path of the URL is wrong, or " +
      'another program listens there',
  ],
  414: TOO_LONG,
  429: ['busy', ': too many requests from here'],
  431: TOO_LONG,
}
const SERVER_ERROR: Row = ['busy', ': Kuma is overloaded or restarting behind its proxy']
const OTHER_STATUS: Row = ['not-kuma', ", which Kuma's push API never does; check the URL"]

/**
 * Tells what an HTTP answer to a push means and whether the push is worth another try.
 * @see https://github.com/louislam/uptime-kuma/blob/master/server/routers/api-router.js
 */
export function judgeAnswer(
  { status, headers, body }: Pick<HttpAnswer, 'status' | 'headers' | 'body'>,
  { target, isRepeat, tookMs = 0, mask }: AnswerContext,
): PushAnswer {
  const json = parseJson(body)
  const isError = json?.ok !== undefined && json.ok !== true
  const msg = isError && typeof json.msg === 'string' ? json.msg : null
  const quote = msg === null ? '' : ` "${shortText(msg, target.token, mask)}"`
  const at = addressOf(target)
  const answered = `Kuma at ${at} answered ${status}`
  if (status === 200) {
    if (json?.ok === true) return answer('accepted', `Kuma at ${at} accepted the heartbeat`)
    const got = json === null ? 'something else than JSON' : `JSON without "ok":true${quote}`
    return answer(
      'not-kuma',
      `${answered} with ${got}: that is not Kuma's push API; check the path of the URL, a login page in front of ` +
        'Kuma, and that Kuma has finished its set-up',
    )
  }
  if (msg === null && isGivenUp(status, tookMs)) {
    const late = answer(
      'timeout',
      `${answered}: a proxy gave up waiting for Kuma, which may record the heartbeat later; ${SLOW}`,
    )
    return isRepeat ? { ...late, retry: 'at-once' } : late
  }
  // Kuma's development branch answers 500 where its releases answer 404.
  const isKuma = msg !== null && (status === 404 || status === 500)
  const [kind, text] = isKuma
    ? judgeError(msg, target.token)
    : (STATUSES[status] ?? (status >= 500 ? SERVER_ERROR : OTHER_STATUS))
  const busy = kind === 'busy' ? { retryAfterMs: retryAfterMs(headers) } : {}
  return { ...answer(kind, `${answered}${quote}${text}`), ...busy }
}

const SLOW = 'a slow notification provider in Kuma delays its answer'
/** A proxy that cannot reach Kuma says so sooner. */
const GIVEN_UP_MS = 10_000

/** Tells whether a proxy passed the heartbeat on and gave up waiting for its answer. */
function isGivenUp(status: number, tookMs: number): boolean {
  return status === 504 || status === 524 || ((status === 502 || status === 503) && tookMs > GIVEN_UP_MS)
}

/** The errors of Kuma itself. */
function judgeError(msg: string, token: string): Row {
  if (msg.startsWith('Monitor not found or not active')) {
    return [
      'unknown-monitor',
      `: token ${maskToken(token)} is unknown there, or its monitor is paused or deleted; ` +
        "compare it with the Push URL on the monitor's page in Kuma",
    ]
  }
  if (msg.startsWith('Invalid ping'))
    return ['bad-ping', ': a fault of kuma-supervisor-push, please report it']
  // Until the minute or hour of its statistics is over, as a rule; louislam/uptime-kuma#5357.
  if (msg.includes('UNIQUE constraint failed: stat_')) {
    return [
      'passing-error',
      ': its statistics are stuck (louislam/uptime-kuma#5357) until this minute, hour or day is over; restart Kuma to end it now',
    ]
  }
  return ['passing-error', ": its database is busy or fails; see Kuma's log"]
}

/** Tells the same of a push that got no whole answer. */
export function judgeFailure(failure: HttpFailure, context: AnswerContext): PushAnswer {
  // The status of an answer that is too large says enough, except that a 200 this long is no success.
  if (failure.code === 'too-large' && failure.status !== null) {
    return judgeAnswer({ status: failure.status, headers: {}, body: Buffer.alloc(0) }, context)
  }
  const [kind, message] = rowOf(failure, context)
  // Two pushes that both change the status would make two alerts; a second UP to an UP makes none.
  const retry = kind === 'timeout' && context.isRepeat ? 'at-once' : RETRIES[kind]
  return { ...answer(kind, message), retry }
}

const CORRECT_PROXY = 'correct proxy under [kuma] (where that is not set: HTTPS_PROXY, HTTP_PROXY)'

function rowOf(failure: HttpFailure, { target, timeoutMs, mask }: AnswerContext): Row {
  const proxy = target.proxy === null ? null : new URL(target.proxy).origin
  const at = `${addressOf(target)}${proxy === null ? '' : `, through the proxy ${proxy},`}`
  const cause = shortText(failure.message, target.token, mask)
  const unreachable = `Kuma at ${at} cannot be reached`
  switch (failure.code) {
    case 'refused':
      return proxy === null
        ? ['refused', `Kuma at ${at} refuses connections: it is not running there, or host or port are wrong`]
        : ['proxy', `${unreachable}: the proxy refuses connections; start it, or ${CORRECT_PROXY}`]
    case 'dns':
      return proxy === null
        ? ['dns', `${unreachable}, its name does not resolve (${cause}): check the URL and this host's DNS`]
        : ['proxy', `${unreachable}: the name of the proxy does not resolve (${cause}); ${CORRECT_PROXY}`]
    case 'reset':
      return ['reset', `Kuma at ${at} ended the connection before its answer was whole (${cause})`]
    case 'timeout':
      return failure.sent
        ? [
            'timeout',
            `Kuma at ${at} did not answer within ${timeoutMs} ms and may record the heartbeat later; ${SLOW}`,
          ]
        : [
            'unreachable',
            `Kuma at ${at} does not accept a connection (${cause}): a firewall, or the host is off`,
          ]
    case 'tls':
      return rowOfTls(codeOf(failure.cause), at, cause)
    case 'too-large':
      return ['not-kuma', `what listens at ${at} answered with more headers than Kuma has; check the URL`]
    case 'not-http':
      return ['not-kuma', `what listens at ${at} does not speak HTTP (${cause}): check port and scheme`]
    case 'no-descriptors':
      return ['agent-error', `${unreachable}: ${cause}`]
    case 'aborted':
      return ['aborted', `the push to Kuma at ${at} was given up`]
    default:
      return ['unreachable', `${unreachable} (${cause})`]
  }
}

function rowOfTls(code: string | null, at: string, cause: string): Row {
  const untrusted = `Kuma at ${at} cannot be trusted`
  switch (code) {
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
      return ['no-tls', `what listens at ${at} speaks no TLS: correct https:// or the port of the URL`]
    case 'CERT_HAS_EXPIRED':
    case 'CERT_NOT_YET_VALID':
      return [
        'certificate',
        `${untrusted} (${cause}): renew its certificate, or correct the clock of this host`,
      ]
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return ['certificate', `${untrusted} (${cause}): set the URL to a name that its certificate is for`]
    default:
      return [
        'tls',
        `${untrusted}, or wants a certificate (${cause}): give its CA as ca_file under [kuma], ` +
          'or client_cert_file and client_key_file',
      ]
  }
}

const REDIRECTS = new Set([301, 302, 303, 307, 308])
const MAX_REDIRECTS = 3
const USE_FINAL_ADDRESS = "set the URL to Kuma's final address, or let /api/push/ through without a login"

/**
 * Returns where a redirect leads, the answer that refuses to follow it, or null when the answer is no redirect. Follows
 * only what surely carries the whole heartbeat to the same host: the token is in the URL.
 * @param followed the number of redirects that led here
 */
export function judgeRedirect(
  { status, headers }: Pick<HttpAnswer, 'status' | 'headers'>,
  from: URL,
  followed: number,
  { target, mask }: AnswerContext,
): URL | PushAnswer | null {
  if (!REDIRECTS.has(status)) return null
  const refuse = (why: string): PushAnswer =>
    answer('redirect', `Kuma at ${addressOf(target)} answered ${status}, ${why}`)
  const location = first(headers['location'])
  if (location === '' || !URL.canParse(location, from.href)) {
    return refuse('a redirect without an address; check the URL')
  }
  const to = new URL(location, from)
  if (to.hostname !== from.hostname) {
    const origin = shortText(to.origin, target.token, mask)
    return refuse(
      `a redirect to ${origin}, not followed since the token would go there; ${USE_FINAL_ADDRESS}`,
    )
  }
  if (to.protocol !== 'https:' && to.protocol !== from.protocol) {
    return refuse(
      `a redirect to ${mask(to.protocol)}//, not followed since the token would travel in the open`,
    )
  }
  // A heartbeat that lost its query would arrive as UP.
  if (!to.pathname.endsWith(`/api/push/${target.token}`) || sortedQuery(to) !== sortedQuery(from)) {
    const page = shortText(`${to.origin}${to.pathname}`, target.token, mask)
    return refuse(`a redirect to ${page} that loses the heartbeat; ${USE_FINAL_ADDRESS}`)
  }
  if (followed === MAX_REDIRECTS) {
    return refuse(`the ${MAX_REDIRECTS + 1}th redirect in a row; check the URL`)
  }
  to.username = ''
  to.password = ''
  return to
}

function sortedQuery({ search }: URL): string {
  const query = new URLSearchParams(search)
  query.sort()
  return query.toString()
}

function answer(kind: PushAnswerKind, message: string): PushAnswer {
  return { kind, retry: RETRIES[kind], retryAfterMs: null, message }
}

/** Returns Kuma's base URL without user, password and query. */
function addressOf({ baseUrl }: Pick<PushTarget, 'baseUrl'>): string {
  const { origin, pathname } = new URL(baseUrl)
  return `${origin}${pathname.replace(/\/+$/, '')}`
}

/** Returns null for what is no JSON, and nothing in it for JSON that is no object. */
function parseJson(bytes: Buffer): { readonly ok?: unknown; readonly msg?: unknown } | null {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'))
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return null
  }
}

/**
 * Returns the wait that `Retry-After` asks for: seconds, or a date, which counts from the answer's own `Date` since the
 * clock here may be wrong. Null when absent or not understood.
 * @see https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
 */
export function retryAfterMs(headers: HttpAnswer['headers']): number | null {
  const value = first(headers['retry-after'])
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000
  // Date.parse alone takes "-5" for a month.
  if (!value.endsWith(' GMT')) return null
  const waitMs = Date.parse(value) - Date.parse(first(headers['date']))
  return Number.isNaN(waitMs) ? null : Math.max(0, waitMs)
}

function first(value: string | string[] | undefined): string {
  return [value].flat()[0] ?? ''
}
