import { describeDuration } from '../lib/text.ts'
import { SHARE_OF_CHECKS, SHARE_OF_SUPERVISORD } from './share-of-supervisord.ts'

/** The checks are never rarer than this, whatever they cost: a verdict must not grow old. */
const LONGEST_MS = 60_000
/** What may be asked at once when something happens, in looks and in milliseconds: whichever is more. */
const BURST_LOOKS = 8
const BURST_MS = 500
/** No answer costs nothing. */
const SHORTEST_MS = 0.1
/** How much another period must differ to be news. */
const NEWS_FACTOR = 1.5

/**
 * How often one supervisord is looked at: as the configuration says, or more rarely where it is slow to answer. With a
 * thousand programs it needs 1.5 s of its time for one answer.
 */
export class CheckPeriod {
  readonly #wantedMs: number
  #answersMs: readonly [number, number] = [0, 0]
  /** In looks. */
  #credit = Infinity
  #creditedMs = 0
  #toldMs: number

  /** @param wantedMs what the configuration says */
  constructor(wantedMs: number) {
    this.#wantedMs = wantedMs
    this.#toldMs = wantedMs
  }

  /** What a look takes of supervisord's time: the shorter of the last two, since one may be slow for a reason of its own. */
  get #costMs(): number {
    return Math.max(Math.min(...this.#answersMs), SHORTEST_MS)
  }

  /** From one check to the next. */
  get everyMs(): number {
    return Math.max(this.#wantedMs, Math.min(this.#costMs / SHARE_OF_CHECKS, LONGEST_MS))
  }

  /** Why it is another one than was wanted; null when it is not. */
  get why(): string | null {
    if (this.everyMs === this.#wantedMs) return null
    return `supervisord takes ${(this.#costMs / 1000).toFixed(1)} s to answer`
  }

  /** Takes in how long the answer to a look took. */
  answered(ms: number, nowMs: number): void {
    this.#answersMs = [this.#answersMs[1], ms]
    this.#credit = this.#refilled(nowMs) - 1
    this.#creditedMs = nowMs
  }

  /** How long a look has to wait that something rang for. */
  restMs(nowMs: number): number {
    const missing = Math.max(0, 1 - this.#refilled(nowMs))
    return Math.min((missing * this.#costMs) / SHARE_OF_SUPERVISORD, this.everyMs)
  }

  #refilled(nowMs: number): number {
    const refill = ((nowMs - this.#creditedMs) * SHARE_OF_SUPERVISORD) / this.#costMs
    return Math.min(this.#credit + refill, Math.max(BURST_LOOKS, BURST_MS / this.#costMs))
  }

  /** One line, once, when the period has become clearly another one; else null. */
  news(): string | null {
    const { everyMs } = this
    const isNews =
      everyMs === this.#wantedMs
        ? this.#toldMs !== this.#wantedMs
        : everyMs > this.#toldMs * NEWS_FACTOR || everyMs * NEWS_FACTOR < this.#toldMs
    if (!isNews) return null
    this.#toldMs = everyMs
    const every = `a check every ${describeDuration(everyMs / 1000)}`
    if (this.why === null) return `${every} again`
    return `${this.why}: ${every} instead of ${describeDuration(this.#wantedMs / 1000)}, to leave it its time`
  }
}
