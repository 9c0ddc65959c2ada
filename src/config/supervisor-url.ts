import type { Parsed } from './parsed.ts'
import { quote } from '../lib/quote.ts'

/**
 * Parses where supervisord listens: `auto`, `none`, `unix:///…`, `http://…` or `https://…`.
 * A trailing slash or `/RPC2`, which the protocol adds by itself, is dropped.
 */
export function parseSupervisorUrl(text: string): Parsed<string> {
  const trimmed = text.trim()
  if (trimmed === 'auto' || trimmed === 'none') return { value: trimmed }
  if (/^unix:/i.test(trimmed)) return parseUnixUrl(trimmed)
  if (!/^https?:\/\//i.test(trimmed)) {
    return {
      wrong: `must be auto, none, unix:///…, http://… or https://…, got ${quote(trimmed)}${hint(trimmed)}`,
    }
  }
  const url = URL.canParse(trimmed) ? new URL(trimmed) : null
  if (url === null) return { wrong: `is not a valid URL: ${quote(trimmed)}` }
  if (url.username !== '' || url.password !== '') {
    return {
      wrong: 'must not hold a user name or password; set username and password_file in [[supervisor]]',
    }
  }
  if (url.search !== '' || url.hash !== '') return { wrong: 'must not hold a query or a fragment' }
  return { value: `${url.origin}${url.pathname.replace(/(\/RPC2)?\/*$/, '')}` }
}

function parseUnixUrl(text: string): Parsed<string> {
  const match = /^unix:\/\/(\/.+)$/i.exec(text)
  if (match === null) {
    const path = text.replace(/^unix:\/*/i, '/')
    return {
      wrong: `must have three slashes before the path, got ${quote(text)}${suggest(`unix://${path}`)}`,
    }
  }
  const path = match[1] ?? ''
  // sun_path has 108 bytes, its end mark included.
  const bytes = Buffer.byteLength(path)
  if (bytes > 107) return { wrong: `has a socket path of ${bytes} bytes; the kernel takes at most 107` }
  return { value: `unix://${path}` }
}

function hint(text: string): string {
  if (/^\/[^/]/.test(text)) return suggest(`unix://${text}`)
  if (/^[\w.-]+:\d+(\/.*)?$/.test(text) || /^\[[0-9a-f:]+\]:\d+$/i.test(text))
    return suggest(`http://${text}`)
  return ''
}

function suggest(url: string): string {
  return `; did you mean ${quote(url)}?`
}
