/** Kuma 2 answers only after it has sent its notifications. */
export const LONGEST_TIMEOUT_MS = 25_000
/** What is timed out then leaves the next heartbeat its way before Kuma's deadline, 2.5 periods after the last. */
const MOST_PERIODS = 1.25
/** So that a push without an answer can be tried again before the next heartbeat is due. */
const REPEAT_PERIODS = 0.5
const SHORTEST_MS = 1000

/** How long one push may take, in milliseconds. */
interface PushTimeouts {
  /** For one that brings news. */
  readonly timeoutMs: number
  /** For one that repeats what Kuma knows: nobody is notified of it, so its answer comes soon. */
  readonly repeatTimeoutMs: number
}

/** @param givenMs what the configuration says of one that brings news; null is the default */
export function pushTimeouts(givenMs: number | null, everyMs: number): PushTimeouts {
  const timeoutMs = givenMs ?? Math.min(LONGEST_TIMEOUT_MS, Math.round(MOST_PERIODS * everyMs))
  const repeatMs = Math.max(SHORTEST_MS, Math.round(REPEAT_PERIODS * everyMs))
  return { timeoutMs, repeatTimeoutMs: Math.min(timeoutMs, repeatMs) }
}
