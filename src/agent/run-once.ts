import type { Log } from '../log.ts'
import type { Clock } from './clock.ts'
import { round, type Watch } from './watch.ts'

/** How long a one-shot may go on looking at something that may be passing. */
const PATIENCE_MS = 12_000

/** Looks at everything side by side, again and again where one look leaves it open, until all monitors have settled. */
export async function runOnce(
  watches: readonly Watch[],
  { clock, log }: { clock: Clock; log: Log },
  signal: AbortSignal,
): Promise<void> {
  const untilMs = clock.now() + PATIENCE_MS
  await Promise.all(
    watches.map(async (watch) => {
      for (;;) {
        const againMs = await round(watch, { clock, log, onChange: () => {} }, signal)
        if (againMs === Infinity || clock.now() >= untilMs) return
        await clock.sleep(againMs, signal)
      }
    }),
  )
}
