import type { PushTarget } from '../config/config.ts'
import type { Heartbeat } from '../agent/heartbeat.ts'

const MESSAGE_LENGTH = 250

/**
 * The URL that pushes one heartbeat. The message is made safe whatever it holds: one line, at most 250 whole characters.
 * @see https://github.com/louislam/uptime-kuma/blob/master/server/routers/api-router.js
 */
export function pushUrl(
  { baseUrl, token }: Pick<PushTarget, 'baseUrl' | 'token'>,
  { status, msg, ping }: Heartbeat,
): URL {
  const fields = [`status=${status}`, `msg=${encodeURIComponent(wireMessage(msg))}`]
  // Kuma reads 0 as "not measured", and its older versions whole numbers only.
  if (ping !== null && ping > 0 && Number.isFinite(ping)) fields.push(`ping=${Math.max(1, Math.round(ping))}`)
  const url = new URL(baseUrl)
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/api/push/${encodeURIComponent(token)}`
  url.search = fields.join('&')
  url.hash = ''
  return url
}

// \p{Cc}, \p{Zl} and \p{Zp}, which V8 takes a millisecond to look up at their first use.
// oxlint-disable-next-line no-control-regex -- to be replaced
const UNPRINTABLE = /[\x00-\x1f\x7f-\x9f\u2028\u2029]+/g

function wireMessage(msg: string): string {
  // Half a surrogate pair makes encodeURIComponent throw.
  const line = msg.toWellFormed().replaceAll(UNPRINTABLE, ' ').trim()
  const characters = Array.from(line)
  return characters.length > MESSAGE_LENGTH ? `${characters.slice(0, MESSAGE_LENGTH - 1).join('')}…` : line
}
