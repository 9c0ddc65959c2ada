import { HttpFailure, type HttpAnswer } from '../../lib/http.ts'
import { judgeFailure } from '../judge-answer.ts'

/** Never sent: the sentences about pushes want one to mask. */
const NO_TOKEN = 'no-token-is-sent-here'

/** Says why no session with Kuma came about; null for the failure means that the answers were not Kuma's. */
export function describeNoSession(
  failure: HttpFailure | HttpAnswer | null,
  { url, proxyOrigin }: { readonly url: string; readonly proxyOrigin: string | null },
): string {
  if (failure instanceof HttpFailure) {
    if (failure.code === 'timeout' && failure.sent) return `${at(url)} does not answer (${failure.message})`
    const target = { kuma: '', baseUrl: url, token: NO_TOKEN, proxy: null }
    const context = { target, proxyOrigin, timeoutMs: 0, isRepeat: false }
    // A failure below HTTP holds nothing of what was sent.
    return judgeFailure(failure, { ...context, mask: (text) => text }).says
  }
  if (failure === null || failure.status === 404 || failure.status === 400) {
    const answered = failure === null ? 'answers something else' : `answers ${failure.status}`
    return (
      `${at(url)} ${answered} where Kuma's page connects (${new URL(url).pathname.replace(/\/+$/, '')}/socket.io/): ` +
      'check the URL, and that Kuma has finished its set-up of the database'
    )
  }
  const { status, headers } = failure
  if (status >= 300 && status < 400)
    return `${at(url)} answers ${status}: ${whither(headers['location'], url)}`
  if (status === 401 || status === 403) {
    return (
      `${at(url)} answers ${status}: a proxy in front of it refuses; give it what it wants in username and ` +
      'password_file or headers under [kuma]'
    )
  }
  return `${at(url)} answers ${status}: it is overloaded, restarting, or another program; try again`
}

function at(url: string): string {
  return `Kuma at ${url}`
}

function whither(location: string | string[] | undefined, url: string): string {
  const [to = ''] = [location].flat()
  const target = URL.canParse(to, url) ? new URL(to, url) : null
  if (target === null) return 'a redirect to nowhere; check the URL'
  // The path may hold what a login page was sent.
  return target.host === new URL(url).host && target.protocol !== new URL(url).protocol
    ? `it redirects to ${target.protocol}//: give the URL with that`
    : `it redirects to ${target.origin}: a login page, or another address to be given`
}
