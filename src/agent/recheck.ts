/** What a look leaves open: something looks wrong that may yet be passing. */
export interface Unsettled {
  /** Milliseconds until the first of it may count; Infinity when no look can tell. */
  readonly wishMs: number
  /** Milliseconds that supervisord took to answer; 0 when it was not asked or did not. */
  readonly answerMs: number
}

const SOONEST_MS = 50
const LATEST_MS = 2_000
/** What has just begun may be over at once; what has lasted for long will hardly end in this moment. */
const SHARE_OF_AGE = 0.1
/** Of supervisord's time, which answers one question at a time and does nothing else meanwhile. */
const SHARE_OF_SUPERVISORD = 0.05

/**
 * Tells how soon to look again while something is in between, as a program that is tried again: after a tenth of the
 * time that it has been so, within a share of supervisord's time that is bounded. When something is due to count, then.
 */
export class Recheck {
  #sinceMs: number | null = null

  /** Milliseconds to the next look, or Infinity; to be told of every look, in order. */
  next(unsettled: Unsettled | null, nowMs: number): number {
    if (unsettled === null) {
      this.#sinceMs = null
      return Infinity
    }
    this.#sinceMs ??= nowMs
    const soonMs = Math.min(LATEST_MS, SHARE_OF_AGE * (nowMs - this.#sinceMs))
    const paidMs = unsettled.answerMs / SHARE_OF_SUPERVISORD
    const nextMs = Math.max(SOONEST_MS, soonMs, paidMs)
    // One shortly before something is due would be for nothing.
    return nextMs + SOONEST_MS < unsettled.wishMs ? nextMs : Math.max(SOONEST_MS, unsettled.wishMs)
  }
}
