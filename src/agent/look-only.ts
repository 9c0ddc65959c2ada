import type { Clock } from '../lib/clock.ts'
import { leftOpen, Recheck } from './recheck.ts'
import { takeSnapshot } from '../collect/snapshot.ts'
import type { Watch } from './watch.ts'

interface LookOptions {
  readonly clock: Clock
  /** How long to look again, at most. */
  readonly patienceMs: number
  /**
   * What to look again for: until every monitor has a verdict, which one from before is not while supervisord says
   * nothing, or until nothing is left that may be passing.
   */
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
    const recheck = new Recheck()
    for (;;) {
      const snapshot = await takeSnapshot(watch.doors, signal)
      const seen = watch.monitors.map((monitor) => monitor.see(snapshot, clock.now()))
      const againMs = recheck.next(leftOpen(snapshot, seen), clock.now())
      const isJudged =
        snapshot.rpc.kind !== 'failed' && watch.monitors.every(({ verdict }) => verdict !== null)
      const isEnough = againMs === Infinity || (until === 'judged' && isJudged)
      if (isEnough || clock.now() >= untilMs || signal.aborted) return
      await clock.sleep(Math.min(againMs, untilMs - clock.now()), signal)
    }
  })
  await Promise.all(looks)
}
