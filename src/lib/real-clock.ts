import type { Clock } from './clock.ts'

/** setTimeout takes no more. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1

export const realClock: Clock = {
  // CLOCK_MONOTONIC: the same for every process since the host booted.
  now: () => Number(process.hrtime.bigint() / 1000n) / 1000,
  // Without node:timers/promises, which would be loaded by every one-shot, though hardly any sleeps.
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', end)
        resolve()
      }
      const timer = setTimeout(end, Math.min(Math.max(ms, 0), LONGEST_TIMEOUT_MS))
      if (signal.aborted) end()
      else signal.addEventListener('abort', end)
    }),
  random: () => Math.random(),
}
