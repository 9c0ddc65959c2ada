import type { CallResult } from '../xmlrpc/call.ts'
import { parseEvents } from './parse-events.ts'
import type { ProcessEvent } from './process-event.ts'
import type { ProcessInfo } from './process-info.ts'

/** The end of the log that is read: some hundred lines. */
export const LOG_BYTES = 32 * 1024
/** A program that was started longer ago, on supervisord's clock, has no news. */
const RECENT_SECONDS = 3_600

/**
 * Keeps what supervisord's log says of programs that were started lately. It is asked again only when one of them was
 * started anew, so that steady programs cost nothing.
 */
export function createEventCache() {
  let seen = ''
  let events: readonly ProcessEvent[] | null = null

  return {
    /** null where the log cannot be read; a failure of `fetch` is none of the reading. */
    async get(
      processes: readonly ProcessInfo[],
      fetch: () => Promise<CallResult>,
    ): Promise<readonly ProcessEvent[] | null> {
      const recent = processes.filter(({ start, now }) => start > 0 && now - start < RECENT_SECONDS)
      const sees = recent.map(({ group, name, start, pid }) => `${group}:${name} ${start} ${pid}`).join('\n')
      if (sees === seen) return events
      seen = sees
      const result = recent.length === 0 ? null : await fetch()
      events = result?.kind === 'value' && typeof result.value === 'string' ? parseEvents(result.value) : null
      return events
    },
  }
}
