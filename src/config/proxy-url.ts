import type { Parsed } from './parsed.ts'
import { quote } from '../lib/quote.ts'

/** Parses the URL of an HTTP proxy: scheme, host and port, and where the proxy wants them a user name and a password. */
export function parseProxyUrl(text: string): Parsed<string> {
  const url = /^https?:\/\//i.test(text) && URL.canParse(text) ? new URL(text) : null
  if (url === null) return { wrong: `must be a URL such as "http://proxy:3128", got ${quote(text)}` }
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    return { wrong: `must be scheme, host and port alone, got ${quote(text)}; take "${url.origin}"` }
  }
  return { value: url.href.replace(/\/$/, '') }
}
