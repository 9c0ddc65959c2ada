import { readFile } from 'node:fs/promises'
import { setTimeout as sleepFor } from 'node:timers/promises'

/** Time and chance, given from outside so that tests can choose them. */
export interface Clock {
  /** Monotonic milliseconds since the host booted; a change of the date does not move them. */
  now(): number
  /** Resolves after the time, or at once when aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
  /** 0 to 1. */
  random(): number
}

/** The longest that `setTimeout` takes. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1

export const realClock: Clock = {
  // CLOCK_MONOTONIC: the same for every process since the host booted.
  now: () => Number(process.hrtime.bigint() / 1000n) / 1000,
  async sleep(ms, signal) {
    try {
      await sleepFor(Math.min(Math.max(ms, 0), MAX_TIMEOUT_MS), undefined, { signal })
    } catch (error) {
      if (!signal.aborted) throw error
    }
  },
  random: () => Math.random(),
}

/** Returns the name of this boot of the host; the same text every time where the kernel does not tell. */
export async function readBootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')).trim()
}
