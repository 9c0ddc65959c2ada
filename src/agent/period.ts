/** When checks or heartbeats are due, in the agent's monotonic milliseconds. */
export interface Period {
  /** The first time after `nowMs`. */
  next(nowMs: number): number
  /** Counts afresh from `nowMs`, when one went out ahead of its time. */
  restart(nowMs: number): void
}

/** A grid that never drifts: a late round moves no later one, and rounds that were missed are not made up for. */
export function createPeriod(everyMs: number, firstMs: number): Period {
  let base = firstMs
  return {
    next: (nowMs) => (nowMs < base ? base : base + (Math.floor((nowMs - base) / everyMs) + 1) * everyMs),
    restart(nowMs) {
      base = nowMs + everyMs
    },
  }
}

/**
 * The times of a cron expression, which news do not move.
 * @param msUntilNext milliseconds to the next time; a change of the date changes it
 */
export function createCronPeriod(msUntilNext: () => number): Period {
  return { next: (nowMs) => nowMs + msUntilNext(), restart() {} }
}
