import type { CallResult } from './call.ts'
import { parseEvents } from './parse-events.ts'
import type { ProcessEvent } from './process-event.ts'
import type { ProcessInfo } from './process-info.ts'

/**
 * The end of the log that is read, in bytes: some hundred lines. supervisord answers a piece that begins within a
 * character with HTTP 500, and adds a trace to the log, always of the same length: the first four pieces begin at each
 * byte of a character if that length is even, the others if it is odd.
 */
const PIECES = [32_768, 32_767, 32_766, 32_765, 32_768, 32_768, 32_768, 32_768] as const
/** A program that was started longer ago, on supervisord's clock, has no news. */
const RECENT_SECONDS = 3_600

/**
 * Keeps what supervisord's log says of programs that were started lately. It is asked again only when one of them was
 * started anew, so that steady programs cost nothing.
 */
export function createEventCache() {
  let seen = ''
  let events: readonly ProcessEvent[] | null = null
  let last: readonly ProcessInfo[] = []
  /** On supervisord's clock, between which times the same processes are the recent ones. */
  let [fromSeconds, untilSeconds] = [0, 0]

  return {
    /** null where the log cannot be read; a failure of `fetch`, which asks for its last bytes, is none of the reading. */
    async get(
      processes: readonly ProcessInfo[],
      now: number,
      fetch: (bytes: number) => Promise<CallResult>,
    ): Promise<readonly ProcessEvent[] | null> {
      if (processes === last && now >= fromSeconds && now < untilSeconds) return events
      const recent = processes.filter((info) => info.start > 0 && now - info.start < RECENT_SECONDS)
      last = processes
      fromSeconds = now
      untilSeconds = Math.min(...recent.map(({ start }) => start)) + RECENT_SECONDS
      const sees = recent.map(({ group, name, start, pid }) => `${group}:${name} ${start} ${pid}`).join('\n')
      if (sees === seen) return events
      seen = sees
      events = recent.length === 0 ? null : await readEvents(fetch)
      return events
    },
  }
}

async function readEvents(
  fetch: (bytes: number) => Promise<CallResult>,
): Promise<readonly ProcessEvent[] | null> {
  for (const bytes of PIECES) {
    const result = await fetch(bytes)
    if (result.kind === 'value') return typeof result.value === 'string' ? parseEvents(result.value) : null
    if (result.kind !== 'http-status' || result.status !== 500) return null
  }
  return null
}
