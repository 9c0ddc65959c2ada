import type { PushAnswer } from '../kuma/push-answer.ts'

/** Covers a restart of Kuma, which refuses connections for about 15 s. */
const QUICK_MS = [2000, 5000, 10_000]
/** What got no answer in its time has waited long enough, once. */
const SOON_MS: Readonly<Record<Exclude<PushAnswer['retry'], 'none'>, readonly number[]>> = {
  'at-once': [0],
  quick: QUICK_MS,
  slow: [],
}
const SLOW_MS = 30_000
/** A Kuma that was away longer than this has given its alarm already: no more haste then, least of all by a whole fleet. */
const HASTE_MS = 120_000
/** More patience than this would make Kuma miss heartbeats. */
const MAX_RETRY_AFTER_MS = 60_000

/** How long the next attempt waits. */
export interface RetryDelay {
  /** Before the same heartbeat is sent again; null: never. */
  readonly ownMs: number | null
  /** Before anything is sent to this monitor again, since Kuma's side asked for it. */
  readonly anyMs: number
  /** True while a try within seconds is ahead. */
  readonly soon: boolean
}

/**
 * @param attempts of this heartbeat so far, at least 1
 * @param failingForMs since the first failure of the series
 * @param random 0 to 1; spreads the attempts of many agents by a fifth to both sides
 */
export function retryDelay(
  answer: PushAnswer,
  attempts: number,
  failingForMs: number,
  random: number,
): RetryDelay {
  const jitter = 0.8 + 0.4 * random
  const anyMs = Math.min(answer.retryAfterMs ?? 0, MAX_RETRY_AFTER_MS)
  if (answer.retry === 'none') return { ownMs: null, anyMs, soon: false }
  const quickMs = failingForMs < HASTE_MS ? SOON_MS[answer.retry][attempts - 1] : undefined
  const ownMs = Math.round(Math.max((quickMs ?? SLOW_MS) * jitter, anyMs))
  return { ownMs, anyMs, soon: quickMs !== undefined && anyMs <= 10_000 }
}
