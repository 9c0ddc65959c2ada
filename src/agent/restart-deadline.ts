import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Terminal } from '../cli/terminal.ts'

interface RestartDeadline {
  /** Aborted when the restart is to be given up. */
  readonly signal: AbortSignal
  /** Supervisord says that the program is stopping still. */
  readonly stopping: () => void
  /** The restart has ended. */
  close(): void
}

interface DeadlineOptions {
  readonly program: string
  readonly clock: Clock
  readonly log: Log
  readonly holdStop: Terminal['holdStop']
}

/** An agent that is to end leaves no program stopped that ends within this time. */
const FINISH_MS = 1_500
/**
 * Nor one that needs longer, as long as supervisord goes on to say that it is stopping: so many times that. With the default
 * of `stopwaitsecs`, 10 s, every program has ended by then; the unit's `TimeoutStopSec` is longer.
 */
const MOST_TIMES = 10

/**
 * When a restart is given up where the agent is to end. With another configuration it goes on at once, and sees to the program by
 * that: only a stop of the process is worth a longer wait.
 * @param ending that the agent is to end
 */
export function restartDeadline(
  ending: AbortSignal,
  { program, clock, log, holdStop }: DeadlineOptions,
): RestartDeadline {
  const late = new AbortController()
  const isOver = (): boolean => late.signal.aborted
  let saidCount = 0

  const finish = async (): Promise<void> => {
    const release = holdStop()
    for (let times = 1; times <= MOST_TIMES; times += 1) {
      const before = saidCount
      await clock.sleep(FINISH_MS, late.signal)
      if (isOver() || saidCount === before || release === null) break
      if (times === 1) log.info(describeWait(program))
    }
    late.abort()
    release?.()
  }
  const begin = (): void => void finish()
  if (ending.aborted) begin()
  else ending.addEventListener('abort', begin, { once: true })
  return {
    signal: late.signal,
    stopping: () => void (saidCount += 1),
    close() {
      ending.removeEventListener('abort', begin)
      late.abort()
    },
  }
}

function describeWait(program: string): string {
  const atMostSeconds = ((MOST_TIMES - 1) * FINISH_MS) / 1000
  return `ending once ${program} has stopped and is started again, or after ${atMostSeconds} s; a second signal ends the agent at once`
}
