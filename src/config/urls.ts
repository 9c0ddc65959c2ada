import { quote } from '../lib/quote.ts'
import { maskToken } from '../lib/secret.ts'

/** Used where nothing says where Kuma is. */
export const DEFAULT_KUMA_URL = 'http://127.0.0.1:3001'

/** The result of parsing a text: its value, or what is wrong with it, in words that follow its place. */
export type Parsed<T> = { readonly value: T } | { readonly wrong: string }

/** Where heartbeats go, as a person gave it; the base URL is null for a token alone. */
export interface PushAddress {
  readonly baseUrl: string | null
  readonly token: string
}

const COPY_IT = 'copy the Push URL from the page of the monitor in Kuma'
const NO_LOGIN =
  'must not hold a user name or password; for basic authentication in front of Kuma ' +
  'set username and password_file in [kuma]'

/** Parses the base URL of Kuma. Keeps a path prefix, drops a trailing slash and a pasted `/dashboard/…`. */
export function parseKumaUrl(text: string): Parsed<string> {
  const trimmed = text.trim()
  if (!hasHttpScheme(trimmed)) {
    const hint = /^[\w.-]+(:\d+)?(\/.*)?$/.test(trimmed) ? suggest(`http://${trimmed}`) : ''
    return { wrong: `must start with http:// or https://, got ${quote(trimmed)}${hint}` }
  }
  const url = parseHttp(trimmed)
  if (url === null) return { wrong: `is not a valid URL: ${quote(trimmed)}` }
  if (hasLogin(url)) return { wrong: NO_LOGIN }
  if (/\/api\/push(\/|$)/.test(url.pathname)) {
    return {
      wrong:
        `is a push URL and must be the base of Kuma alone, such as "${url.origin}"; ` +
        'a whole push URL goes into --push-url, or push_url of a [[monitor]]',
    }
  }
  // People copy the address bar, where Kuma shows its dashboard.
  const base = `${url.origin}${url.pathname.replace(/\/dashboard(\/.*)?$/, '').replace(/\/+$/, '')}`
  if (hasQuery(url)) return { wrong: `must not hold a query or a fragment; take "${base}"` }
  return { value: base }
}

/**
 * Parses a push token or a whole push URL pasted from Kuma's page, whose query is dropped. The words for a wrong one
 * show at most three characters of the token.
 */
export function parsePushAddress(text: string): Parsed<PushAddress> {
  const trimmed = text.trim()
  if (hasScheme(trimmed)) return parsePushUrl(trimmed)
  if (trimmed === '') return { wrong: 'is empty' }
  if (trimmed.includes('/api/push/')) {
    return { wrong: 'looks like a push URL without its beginning: it must start with http:// or https://' }
  }
  return parseToken(trimmed, null)
}

/** Parses a whole push URL as `parsePushAddress` does, and refuses a bare token. */
export function parsePushUrl(text: string): Parsed<PushAddress> {
  const trimmed = text.trim()
  if (!hasScheme(trimmed)) {
    return {
      wrong:
        'must be a whole push URL such as "http://127.0.0.1:3001/api/push/…"; a token alone goes into token',
    }
  }
  if (!hasHttpScheme(trimmed)) {
    const scheme = trimmed.slice(0, trimmed.indexOf(':'))
    return { wrong: `must be a push URL that starts with http:// or https://, got ${scheme}://` }
  }
  const url = parseHttp(trimmed)
  if (url === null) return { wrong: `is not a valid URL; ${COPY_IT}` }
  if (hasLogin(url)) return { wrong: NO_LOGIN }
  const match = /^(.*)\/api\/push\/+([^/]*)\/*$/.exec(url.pathname)
  if (match === null) return { wrong: `must be a push URL like ${url.origin}/api/push/…; ${COPY_IT}` }
  const [, prefix = '', token = ''] = match
  return parseToken(token, `${url.origin}${prefix.replace(/\/+$/, '')}`)
}

function parseToken(token: string, baseUrl: string | null): Parsed<PushAddress> {
  if (token === '') return { wrong: 'is a push URL without a token' }
  const bad = /[^A-Za-z0-9]/u.exec(token)
  if (bad === null) return { value: { baseUrl, token } }
  const where = `with ${describeCharacter(bad[0])} at character ${bad.index + 1}`
  return { wrong: `must be letters and digits only, got "${maskToken(token)}" ${where}; ${COPY_IT}` }
}

function describeCharacter(character: string): string {
  if (/\s/.test(character)) return 'a space or line break'
  return /^[\x21-\x7e]$/.test(character) ? `"${character}"` : 'a character that is not ASCII'
}

/**
 * Parses where supervisord listens: `auto`, `none`, `unix:///…`, `http://…` or `https://…`. Drops a trailing slash and
 * `/RPC2`, which the client adds.
 */
export function parseSupervisorUrl(text: string): Parsed<string> {
  const trimmed = text.trim()
  if (trimmed === 'auto' || trimmed === 'none') return { value: trimmed }
  if (/^unix:/i.test(trimmed)) return parseUnixUrl(trimmed)
  if (!hasHttpScheme(trimmed)) {
    let hint = ''
    if (/^\/[^/]/.test(trimmed)) hint = suggest(`unix://${trimmed}`)
    else if (/^([\w.-]+:\d+(\/.*)?|\[[0-9a-fA-F:]+\]:\d+)$/.test(trimmed)) hint = suggest(`http://${trimmed}`)
    return { wrong: `must be auto, none, unix:///…, http://… or https://…, got ${quote(trimmed)}${hint}` }
  }
  const url = parseHttp(trimmed)
  if (url === null) return { wrong: `is not a valid URL: ${quote(trimmed)}` }
  if (hasLogin(url)) {
    return {
      wrong: 'must not hold a user name or password; set username and password_file in [[supervisor]]',
    }
  }
  if (hasQuery(url)) return { wrong: 'must not hold a query or a fragment' }
  return { value: `${url.origin}${url.pathname.replace(/(\/RPC2)?\/*$/, '')}` }
}

function parseUnixUrl(text: string): Parsed<string> {
  const path = /^unix:\/\/(\/.+)$/i.exec(text)?.[1]
  if (path === undefined) {
    const hint = suggest(`unix://${text.replace(/^unix:\/*/i, '/')}`)
    return { wrong: `must have three slashes before the path, got ${quote(text)}${hint}` }
  }
  // sun_path has 108 bytes, its end mark included.
  const bytes = Buffer.byteLength(path)
  if (bytes > 107) return { wrong: `has a socket path of ${bytes} bytes; the kernel takes at most 107` }
  return { value: `unix://${path}` }
}

/** Parses the URL of an HTTP proxy: scheme, host and port, with a user name and a password where the proxy wants them. */
export function parseProxyUrl(text: string): Parsed<string> {
  const url = parseHttp(text)
  if (url === null) return { wrong: `must be a URL such as "http://proxy:3128", got ${quote(text)}` }
  if (url.pathname !== '/' || hasQuery(url)) {
    return { wrong: `must be scheme, host and port alone, got ${quote(text)}; take "${url.origin}"` }
  }
  return { value: url.href.replace(/\/$/, '') }
}

/** Parses the URL that an HTTP check asks, without its fragment. */
export function parseCheckUrl(text: string): Parsed<string> {
  const url = parseHttp(text)
  if (url === null) return { wrong: `must be a URL that starts with http:// or https://, got ${quote(text)}` }
  if (hasLogin(url)) return { wrong: 'must not hold a user name or password' }
  url.hash = ''
  return { value: url.href }
}

const UNIT_TYPES = 'service|socket|device|mount|automount|swap|target|path|timer|slice|scope'

/**
 * Parses the name of a systemd unit. One without a type is a service, as for systemctl.
 * @see https://www.freedesktop.org/software/systemd/man/latest/systemd.unit.html
 */
export function parseUnitName(text: string): Parsed<string> {
  const trimmed = text.trim()
  const unit = new RegExp(`\\.(${UNIT_TYPES})$`).test(trimmed) ? trimmed : `${trimmed}.service`
  if (!/^[A-Za-z0-9:_.\\@-]+$/.test(trimmed) || unit.length > 255) {
    return { wrong: `must be the name of a systemd unit such as "nginx.service", got ${quote(trimmed)}` }
  }
  if (/@\.[a-z]+$/.test(unit)) {
    const instance = quote(unit.replace('@.', '@1.'))
    return { wrong: `is a template, got ${quote(trimmed)}; name an instance such as ${instance}` }
  }
  return { value: unit }
}

function hasScheme(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(text)
}

function hasHttpScheme(text: string): boolean {
  return /^https?:\/\//i.test(text)
}

/** Returns null for a text that is no URL of http:// or https://. */
function parseHttp(text: string): URL | null {
  return hasHttpScheme(text) && URL.canParse(text) ? new URL(text) : null
}

function hasLogin({ username, password }: URL): boolean {
  return username !== '' || password !== ''
}

function hasQuery({ search, hash }: URL): boolean {
  return search !== '' || hash !== ''
}

function suggest(url: string): string {
  return `; did you mean ${quote(url)}?`
}
