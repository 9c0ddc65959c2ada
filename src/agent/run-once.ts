import type { Log } from '../lib/log.ts'
import type { Clock } from '../lib/clock.ts'
import { Recheck } from './recheck.ts'
import { Restarts } from './restarts.ts'
import { round, type Watch } from './watch.ts'

interface OnceOptions {
  readonly clock: Clock
  readonly log: Log
  /** The longest that a page may take to answer. */
  readonly slowestMs: number
}

const nothing = (): void => {}

/** How long a one-shot may go on looking at something that may be passing. */
const PATIENCE_MS = 12_000

/**
 * Looks at everything side by side, again and again where one look leaves it open, until all monitors have settled.
 * @returns resolves when the restarts that were begun have ended
 */
export async function runOnce(
  watches: readonly Watch[],
  { clock, log, slowestMs }: OnceOptions,
  signal: AbortSignal,
): Promise<{ readonly restarts: Promise<unknown> }> {
  const untilMs = clock.now() + PATIENCE_MS + slowestMs
  const begun = watches.map(async (watch) => {
    const restarts = new Restarts(watch.restart, { clock, log, onBegin: nothing, onEnd: nothing })
    const options = { clock, log, onChange: nothing, restarts }
    const recheck = new Recheck()
    for (;;) {
      const unsettled = await round(watch, options, signal)
      const againMs = recheck.next(unsettled, clock.now())
      const leftMs = untilMs - clock.now()
      if (againMs === Infinity || leftMs <= 0) return restarts
      // A slow supervisord would else be given longer rests than anybody waits for a one-shot.
      await clock.sleep(Math.min(againMs, leftMs), signal)
    }
  })
  const all = await Promise.all(begun)
  return { restarts: Promise.all(all.map((restarts) => restarts.ended())) }
}
