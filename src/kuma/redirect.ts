import type { PushTarget } from '../config/config.ts'
import type { HttpAnswer } from '../lib/http.ts'
import { shortText } from '../lib/text.ts'

/** Where a redirect leads, or a clause that says why it is not followed and the way out; null: it is no redirect. */
export type Redirect = { readonly to: URL } | { readonly refused: string }

const REDIRECTS = new Set([301, 302, 303, 307, 308])
const WAY_OUT = "set the URL to Kuma's final address, or let /api/push/ through without a login"

/** Follows only what surely carries the whole heartbeat to the same host: the token is in the URL. */
export function redirect(
  { status, headers }: Pick<HttpAnswer, 'status' | 'headers'>,
  from: URL,
  target: PushTarget,
  mask: (text: string) => string,
): Redirect | null {
  if (!REDIRECTS.has(status)) return null
  const location = [headers['location']].flat()[0] ?? ''
  if (location === '' || !URL.canParse(location, from.href)) {
    return { refused: 'a redirect without an address; check the URL' }
  }
  const to = new URL(location, from)
  if (to.hostname !== from.hostname) {
    const origin = shortText(to.origin, target.token, mask)
    return { refused: `a redirect to ${origin}, not followed since the token would go there; ${WAY_OUT}` }
  }
  if (to.protocol !== 'https:' && to.protocol !== from.protocol) {
    return {
      refused: `a redirect to ${to.protocol}//, not followed since the token would travel in the open`,
    }
  }
  // A heartbeat that lost its query would arrive as UP.
  if (!to.pathname.endsWith(`/api/push/${target.token}`) || !sameFields(to, from)) {
    const page = shortText(`${to.origin}${to.pathname}`, target.token, mask)
    return { refused: `a redirect to ${page} that loses the heartbeat; ${WAY_OUT}` }
  }
  to.username = ''
  to.password = ''
  return { to }
}

function sameFields(a: URL, b: URL): boolean {
  return sortedFields(a) === sortedFields(b)
}

function sortedFields({ searchParams }: URL): string {
  return JSON.stringify([...searchParams].toSorted(([x], [y]) => (x < y ? -1 : 1)))
}
