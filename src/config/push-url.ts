import { maskToken } from '../lib/secret.ts'
import type { Parsed } from './parsed.ts'

/** What a person gave to say where heartbeats go; the base URL is null when it was a token alone. */
export interface PushAddress {
  readonly baseUrl: string | null
  readonly token: string
}

/** Parses a whole push URL, as `parsePushAddress` does, and refuses a bare token. */
export function parsePushUrl(text: string): Parsed<PushAddress> {
  return hasScheme(text.trim())
    ? parseWholeUrl(text.trim())
    : {
        wrong:
          'must be a whole push URL such as "http://127.0.0.1:3001/api/push/…"; a token alone goes into token',
      }
}

/**
 * Parses a push token or a whole push URL pasted from Kuma's page, whose query is dropped.
 * What is wrong is told in words that never show more than three characters of the token.
 */
export function parsePushAddress(text: string): Parsed<PushAddress> {
  const trimmed = text.trim()
  if (hasScheme(trimmed)) return parseWholeUrl(trimmed)
  if (trimmed === '') return { wrong: 'is empty' }
  if (trimmed.includes('/api/push/')) {
    return { wrong: 'looks like a push URL without its beginning: it must start with http:// or https://' }
  }
  return parseToken(trimmed, null)
}

function hasScheme(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(text)
}

function parseWholeUrl(text: string): Parsed<PushAddress> {
  if (!/^https?:/i.test(text)) {
    return { wrong: `must be a push URL that starts with http:// or https://, got ${scheme(text)}` }
  }
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null)
    return { wrong: 'is not a valid URL; copy the Push URL from the page of the monitor in Kuma' }
  if (url.username !== '' || url.password !== '') {
    return {
      wrong:
        'must not hold a user name or password; for basic authentication in front of Kuma ' +
        'set username and password_file in [kuma]',
    }
  }
  const match = /^(.*)\/api\/push\/+([^/]*)\/*$/.exec(url.pathname)
  if (match === null) {
    return {
      wrong:
        `must be a push URL like ${url.origin}/api/push/…; ` +
        'copy the Push URL from the page of the monitor in Kuma',
    }
  }
  const [, prefix = '', token = ''] = match
  return parseToken(token, `${url.origin}${prefix.replace(/\/+$/, '')}`)
}

function parseToken(token: string, baseUrl: string | null): Parsed<PushAddress> {
  if (token === '') return { wrong: 'is a push URL without a token' }
  const bad = /[^A-Za-z0-9]/u.exec(token)
  if (bad !== null) {
    return {
      wrong:
        `must be letters and digits only, got "${maskToken(token)}" with ${nameOf(bad[0])} at character ${bad.index + 1}; ` +
        'copy the Push URL from the page of the monitor in Kuma',
    }
  }
  return { value: { baseUrl, token } }
}

function scheme(text: string): string {
  return `${text.slice(0, text.indexOf(':'))}://`
}

function nameOf(character: string): string {
  if (/\s/.test(character)) return 'a space or line break'
  return /^[\x21-\x7e]$/.test(character) ? `"${character}"` : 'a character that is not ASCII'
}
