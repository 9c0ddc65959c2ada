import type { Parsed } from './parsed.ts'
import { quote } from '../lib/quote.ts'

/** Used where nothing says where Kuma is. */
export const DEFAULT_KUMA_URL = 'http://127.0.0.1:3001'

/**
 * Parses Kuma's base URL: a path prefix is kept, a trailing slash and a pasted `/dashboard/…` are dropped.
 */
export function parseKumaUrl(text: string): Parsed<string> {
  const trimmed = text.trim()
  if (!/^https?:\/\//i.test(trimmed)) {
    const hint = /^[\w.-]+(:\d+)?(\/.*)?$/.test(trimmed)
      ? `; did you mean ${quote(`http://${trimmed}`)}?`
      : ''
    return { wrong: `must start with http:// or https://, got ${quote(trimmed)}${hint}` }
  }
  const url = URL.canParse(trimmed) ? new URL(trimmed) : null
  if (url === null) return { wrong: `is not a valid URL: ${quote(trimmed)}` }
  if (url.username !== '' || url.password !== '') {
    return {
      wrong:
        'must not hold a user name or password; for basic authentication in front of Kuma ' +
        'set username and password_file in [kuma]',
    }
  }
  if (/\/api\/push(\/|$)/.test(url.pathname)) {
    return {
      wrong:
        'is a push URL and must be the base of Kuma alone, such as ' +
        `"${url.origin}"; a whole push URL goes into --push-url, or push_url of a [[monitor]]`,
    }
  }
  if (url.search !== '' || url.hash !== '') {
    return { wrong: `must not hold a query or a fragment; take "${url.origin}${stripped(url.pathname)}"` }
  }
  return { value: `${url.origin}${stripped(url.pathname)}` }
}

/** People copy the address bar, where Kuma shows its dashboard. */
function stripped(path: string): string {
  return path.replace(/\/dashboard(\/.*)?$/, '').replace(/\/+$/, '')
}
