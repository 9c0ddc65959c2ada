import type { Clock } from '../agent/clock.ts'
import { takeLook } from '../agent/take-look.ts'
import type { Watch } from '../agent/watch.ts'

interface LookOptions {
  readonly clock: Clock
  /** How long to look again, at most. */
  readonly patienceMs: number
  /** What to look again for: until every monitor has a verdict, or until nothing is left that may be passing. */
  readonly until: 'judged' | 'settled'
}

/** Looks and has the monitors judge, and does nothing else about it. */
export async function lookOnly(
  watches: readonly Watch[],
  { clock, patienceMs, until }: LookOptions,
  signal: AbortSignal,
): Promise<void> {
  const untilMs = clock.now() + patienceMs
  const looks = watches.map(async (watch): Promise<void> => {
    for (;;) {
      const look = await takeLook(watch.doors, signal)
      const seen = watch.monitors.map((monitor) => monitor.see(look, clock.now()))
      const wishes = seen.filter(({ settled }) => !settled).map(({ againMs }) => againMs)
      const isJudged = watch.monitors.every(({ verdict }) => verdict !== null)
      if (wishes.length === 0 || (until === 'judged' && isJudged) || clock.now() >= untilMs || signal.aborted)
        return
      await clock.sleep(Math.max(SHORTEST_REST_MS, Math.min(LONGEST_REST_MS, ...wishes)), signal)
    }
  })
  await Promise.all(looks)
}

const SHORTEST_REST_MS = 50
const LONGEST_REST_MS = 2_000
