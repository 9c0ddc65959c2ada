import { describeDuration } from '../lib/text.ts'
import { WINDOW_MS } from './restarts.ts'

/** How often the verdict of one monitor has turned. Times are the agent's monotonic milliseconds. */
export interface FlapHistory {
  /** When it turned to DOWN; only as long as that counts. */
  readonly turnsMs: readonly number[]
  /** When a problem last counted, and the worst one's text. */
  readonly confirmedMs: number
  readonly text: string
  readonly isFlapping: boolean
  /** True while nothing else keeps it DOWN. */
  readonly isHeld: boolean
}

export const NO_FLAPS: FlapHistory = {
  turnsMs: [],
  confirmedMs: 0,
  text: '',
  isFlapping: false,
  isHeld: false,
}

/** How many turns to DOWN within the window make it flap. */
const FLAPS = 3

/**
 * Follows the verdict. One that has turned to DOWN three times within five minutes stays DOWN until no problem has counted
 * for five minutes: it is one incident, and not an alert and a recovery each time.
 * @param status by the problems of this snapshot
 * @param text of the worst problem that counts; null when none does
 */
export function followFlaps(
  status: 'up' | 'down' | null,
  text: string | null,
  before: FlapHistory & { readonly status: 'up' | 'down' | null },
  nowMs: number,
): FlapHistory {
  const turned = status === 'down' && before.status !== 'down'
  const turnsMs = [...before.turnsMs, ...(turned ? [nowMs] : [])].filter((ms) => nowMs - ms < WINDOW_MS)
  const confirmedMs = text === null ? before.confirmedMs : nowMs
  const goesOn = before.isFlapping && nowMs - confirmedMs < WINDOW_MS
  const isFlapping = turnsMs.length >= FLAPS || goesOn
  return {
    turnsMs,
    confirmedMs,
    text: text ?? before.text,
    isFlapping,
    isHeld: isFlapping && status === 'up',
  }
}

/** Returns `flaps: 4 times in 5 min`; while it may be over, `flaps: last time 3 min ago`. Null where it does not, or no longer. */
export function describeFlaps(history: FlapHistory, nowMs: number): string | null {
  const { turnsMs, confirmedMs, isFlapping, isHeld } = history
  if (!isFlapping) return null
  if (turnsMs.length >= FLAPS) {
    const spanMs = nowMs - Math.min(...turnsMs)
    return `flaps: ${turnsMs.length} times in ${describeDuration(spanMs / 1000)}`
  }
  return isHeld ? `flaps: last time ${describeDuration((nowMs - confirmedMs) / 1000)} ago` : null
}
