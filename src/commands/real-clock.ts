import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../agent/clock.ts'

/** setTimeout takes no more. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1

export const realClock: Clock = {
  // CLOCK_MONOTONIC: the same for every process since the host booted.
  now: () => Number(process.hrtime.bigint() / 1000n) / 1000,
  async sleep(ms, signal) {
    try {
      await sleep(Math.min(Math.max(ms, 0), LONGEST_TIMEOUT_MS), undefined, { signal })
    } catch (error) {
      if (!signal.aborted) throw error
    }
  },
  random: () => Math.random(),
}
