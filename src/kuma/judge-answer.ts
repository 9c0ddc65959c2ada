import type { PushTarget } from '../config/config.ts'
import type { HttpAnswer, HttpFailure } from '../lib/http.ts'
import { codeOf } from '../lib/errors.ts'
import { maskToken } from '../lib/secret.ts'
import type { PushAnswer, PushAnswerKind } from './push-answer.ts'
import { retryAfter } from './retry-after.ts'
import { shortText } from '../lib/text.ts'

/** What the sentences are made from. */
export interface AnswerContext {
  readonly target: PushTarget
  /** Of the HTTP proxy on the way, without user and password; null when there is none. */
  readonly proxyOrigin: string | null
  readonly timeoutMs: number
  /** Whether Kuma has been told this status before. */
  readonly isRepeat: boolean
  /** Masks secrets in what others say. */
  readonly mask: (text: string) => string
}

/**
 * The table of Kuma's answers: what each HTTP answer to a push means and whether it is worth another try.
 * @see https://github.com/louislam/uptime-kuma/blob/master/server/routers/api-router.js
 */
export function judgeAnswer(
  http: Pick<HttpAnswer, 'status' | 'headers' | 'body'>,
  context: AnswerContext,
): PushAnswer {
  const { status, headers } = http
  const kuma = nameOf(context.target)
  const body = parseBody(http.body)
  const answered = `Kuma at ${kuma} answered ${status}`
  const token = maskToken(context.target.token)
  const quote = body.kind === 'kuma' ? ` "${shortText(body.msg, context.target.token, context.mask)}"` : ''

  if (status === 200) {
    if (body.kind === 'ok') return answer('accepted', 'none', `Kuma at ${kuma} accepted the heartbeat`)
    const got = body.kind === 'page' ? 'something else than JSON' : `JSON without "ok":true${quote}`
    return answer(
      'not-kuma',
      'none',
      `${answered} with ${got}: that is not Kuma's push API; check the path of the URL, a login page in front of ` +
        'Kuma, and that Kuma has finished its set-up',
    )
  }
  // Kuma's development branch answers 500 where its releases answer 404.
  if ((status === 404 || status === 500) && body.kind === 'kuma') {
    if (body.msg.startsWith('Monitor not found or not active')) {
      return answer(
        'unknown-monitor',
        'none',
        `${answered}${quote}: token ${token} is unknown there, or its monitor is paused or deleted; ` +
          "compare it with the Push URL on the monitor's page in Kuma",
      )
    }
    if (body.msg.startsWith('Invalid ping')) {
      return answer(
        'bad-ping',
        'none',
        `${answered}${quote}: a fault of kuma-supervisor-push, please report it`,
      )
    }
    return answer(
      'passing-error',
      'quick',
      `${answered}${quote}: its database is busy or fails; see Kuma's log`,
    )
  }
  if (status === 404) {
    return answer(
      'migrating',
      'slow',
      `${answered} without Kuma's own words: Kuma is upgrading its database, the path of the URL is wrong, or ` +
        'another program listens there',
    )
  }
  if (status === 414 || status === 431) {
    return answer(
      'too-long',
      'none',
      `${answered} (URL and headers too long): shorten the headers under [kuma], or raise the limit of the proxy`,
    )
  }
  if (status === 401 || status === 403) {
    return answer(
      'denied',
      'none',
      `${answered}${quote}: a proxy in front of Kuma refuses; give it what it wants in username and password_file or headers under [kuma], ` +
        'or let /api/push/ through without a login',
    )
  }
  if (status === 429) {
    return answer('busy', 'quick', `${answered}: too many requests from here`, retryAfter(headers))
  }
  if (status >= 500) {
    const why = 'Kuma is overloaded or restarting behind its proxy'
    return answer('busy', 'quick', `${answered}${quote}: ${why}`, retryAfter(headers))
  }
  return answer('not-kuma', 'none', `${answered}${quote}, which Kuma's push API never does; check the URL`)
}

/** The same table for a push that got no whole answer. */
export function judgeFailure(failure: HttpFailure, context: AnswerContext): PushAnswer {
  const via = context.proxyOrigin === null ? '' : `, through the proxy ${context.proxyOrigin},`
  const kuma = `${nameOf(context.target)}${via}`
  const cause = shortText(failure.message, context.target.token, context.mask)
  switch (failure.code) {
    case 'refused':
      if (context.proxyOrigin !== null) {
        return answer(
          'proxy',
          'quick',
          `Kuma at ${kuma} cannot be reached: the proxy refuses connections; start it, or ${CORRECT_PROXY}`,
        )
      }
      return answer(
        'refused',
        'quick',
        `Kuma at ${kuma} refuses connections: it is not running there, or host or port are wrong`,
      )
    case 'reset':
      return answer(
        'reset',
        'quick',
        `Kuma at ${kuma} ended the connection before its answer was whole (${cause})`,
      )
    case 'timeout':
      return failure.sent
        ? answer(
            'timeout',
            // Two pushes that both change the status would make two alerts; a second UP to an UP makes none.
            context.isRepeat ? 'at-once' : 'none',
            `Kuma at ${kuma} did not answer within ${context.timeoutMs} ms and may record the heartbeat later; ` +
              'a slow notification provider in Kuma delays its answer',
          )
        : answer(
            'unreachable',
            'quick',
            `Kuma at ${kuma} does not accept a connection (${cause}): a firewall, or the host is off`,
          )
    case 'dns':
      if (context.proxyOrigin !== null) {
        return answer(
          'proxy',
          'quick',
          `Kuma at ${kuma} cannot be reached: the name of the proxy does not resolve (${cause}); ${CORRECT_PROXY}`,
        )
      }
      return answer(
        'dns',
        'quick',
        `Kuma at ${kuma} cannot be reached, its name does not resolve (${cause}): check the URL and this host's DNS`,
      )
    case 'tls':
      return judgeTls(codeOf(failure.cause), kuma, cause)
    case 'too-large':
      // What its head says is enough, except that a 200 this long is no success.
      if (failure.status !== null) {
        return judgeAnswer({ status: failure.status, headers: {}, body: Buffer.alloc(0) }, context)
      }
      return answer(
        'not-kuma',
        'none',
        `what listens at ${kuma} answered with more headers than Kuma has; check the URL`,
      )
    case 'not-http':
      return answer(
        'not-kuma',
        'none',
        `what listens at ${kuma} does not speak HTTP (${cause}): check port and scheme`,
      )
    case 'no-descriptors':
      return answer('agent-error', 'quick', `Kuma at ${kuma} cannot be reached: ${cause}`)
    case 'aborted':
      return answer('aborted', 'none', `the push to Kuma at ${kuma} was given up`)
    default:
      return answer('unreachable', 'quick', `Kuma at ${kuma} cannot be reached (${cause})`)
  }
}

/** Each trouble with TLS has a way out of its own. */
function judgeTls(code: string | null, kuma: string, cause: string): PushAnswer {
  switch (code) {
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
      return answer(
        'no-tls',
        'slow',
        `what listens at ${kuma} speaks no TLS: correct https:// or the port of the URL`,
      )
    case 'CERT_HAS_EXPIRED':
    case 'CERT_NOT_YET_VALID':
      return answer(
        'certificate',
        'slow',
        `Kuma at ${kuma} cannot be trusted (${cause}): renew its certificate, or correct the clock of this host`,
      )
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return answer(
        'certificate',
        'slow',
        `Kuma at ${kuma} cannot be trusted (${cause}): set the URL to a name that its certificate is for`,
      )
    default:
      return answer(
        'tls',
        'slow',
        `Kuma at ${kuma} cannot be trusted, or wants a certificate (${cause}): give its CA as ca_file under [kuma], ` +
          'or client_cert_file and client_key_file',
      )
  }
}

const CORRECT_PROXY = 'correct proxy under [kuma] (where that is not set: HTTPS_PROXY, HTTP_PROXY)'

/** For a redirect that must not be followed; `why` is a clause and the way out. */
export function refusedRedirect(status: number, why: string, target: PushTarget): PushAnswer {
  return answer('redirect', 'none', `Kuma at ${nameOf(target)} answered ${status}, ${why}`)
}

function answer(
  kind: PushAnswerKind,
  retry: PushAnswer['retry'],
  says: string,
  retryAfterMs: number | null = null,
): PushAnswer {
  return { kind, retry, retryAfterMs, says }
}

/** Kuma's base URL without user, password and query. */
function nameOf({ baseUrl }: PushTarget): string {
  const { origin, pathname } = new URL(baseUrl)
  return `${origin}${pathname.replace(/\/+$/, '')}`
}

type Body = { kind: 'ok' } | { kind: 'kuma'; msg: string } | { kind: 'other' } | { kind: 'page' }

function parseBody(bytes: Buffer): Body {
  let value: unknown
  try {
    value = JSON.parse(bytes.toString('utf8'))
  } catch {
    return { kind: 'page' }
  }
  if (typeof value !== 'object' || value === null || !('ok' in value)) return { kind: 'other' }
  if (value.ok === true) return { kind: 'ok' }
  return 'msg' in value && typeof value.msg === 'string'
    ? { kind: 'kuma', msg: value.msg }
    : { kind: 'other' }
}
