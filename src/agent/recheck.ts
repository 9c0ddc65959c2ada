import type { Judgement } from '../rules/judge.ts'
import type { Snapshot } from '../collect/snapshot.ts'
import { SHARE_OF_SUPERVISORD } from './share-of-supervisord.ts'

/** What a look leaves open: something looks wrong that may yet be passing. */
export interface Unsettled {
  /** Milliseconds until the first of it may count; Infinity when no look can tell. */
  readonly wishMs: number
  /** Milliseconds that supervisord took to answer; 0 when it was not asked or did not. */
  readonly answerMs: number
}

/** Gathers what the monitors over one look still wait for; null when all of them have settled. */
export function leftOpen(
  { rpc }: Snapshot,
  seen: readonly Pick<Judgement, 'settled' | 'againMs'>[],
): Unsettled | null {
  const wishesMs = seen.filter(({ settled }) => !settled).map(({ againMs }) => againMs)
  if (wishesMs.length === 0) return null
  return { wishMs: Math.min(...wishesMs), answerMs: rpc.kind === 'answered' ? rpc.state.ms : 0 }
}

const SOONEST_MS = 50
const LATEST_MS = 2_000
/** What has just begun may be over at once; what has lasted for long will hardly end in this moment. */
const SHARE_OF_AGE = 0.1

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
