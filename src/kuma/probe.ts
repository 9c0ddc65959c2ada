import type { PushAnswer } from './push-answer.ts'
import { exchange, type PushOptions } from './push.ts'

/** What stands where heartbeats go. */
export interface Probe {
  /** Of kind `unknown-monitor` when it is Kuma's push API. */
  readonly answer: PushAnswer
  /** Unix milliseconds of the answer's `Date`, whole seconds; null without one. */
  readonly dateMs: number | null
}

/** Kuma's tokens are letters and digits. */
const NOBODYS_TOKEN = 'no-monitor-has-this-token'

/**
 * Pushes to a token that no monitor has: Kuma looks for it first and records nothing, and every proxy on the way treats
 * it as a heartbeat.
 * @see https://github.com/louislam/uptime-kuma/blob/master/server/routers/api-router.js
 */
export async function probe(options: PushOptions): Promise<Probe> {
  const target = { ...options.target, token: NOBODYS_TOKEN }
  const heartbeat = { status: 'up', msg: 'is this Kuma?', ping: null } as const
  const { answer, http } = await exchange(heartbeat, { ...options, target })
  const date = Date.parse([http?.headers['date']].flat()[0] ?? '')
  return { answer, dateMs: Number.isNaN(date) ? null : date }
}
