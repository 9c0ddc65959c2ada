import type { CallResult } from '../xmlrpc/call.ts'
import { parseProgramConfigs } from './parse-process-info.ts'
import type { ProcessInfo, ProgramConfig } from './process-info.ts'

/** How long an answer counts while nothing seems to change: any answer, and none within the deadline. */
const REFRESH_MS = { answered: 600_000, noAnswer: 60_000 } as const
/** It is asked again after this many times what it took: half a percent of supervisord's time. */
const REFRESH_FACTOR = 200

/**
 * Keeps what `supervisor.getAllConfigInfo` said: with a thousand programs it costs supervisord seconds, and some
 * implementations do not have it. It is asked again when supervisord's pid or the set of programs has changed.
 */
export function createConfigCache(now: () => number) {
  let seen = ''
  let askAgainAt = 0
  let configs: readonly ProgramConfig[] | null = null

  return {
    /** null where it is not known; a failure of `fetch` is none of the reading. */
    async get(
      pid: number | null,
      processes: readonly ProcessInfo[],
      fetch: () => Promise<CallResult>,
    ): Promise<readonly ProgramConfig[] | null> {
      const sees = `${pid} ${processes
        .map(({ group, name }) => `${group}:${name}`)
        .toSorted()
        .join('\n')}`
      const changed = sees !== seen
      if (!changed && now() < askAgainAt) return configs
      seen = sees
      const startedAt = now()
      const result = await fetch()
      const refreshMs = result.kind === 'no-answer' ? REFRESH_MS.noAnswer : REFRESH_MS.answered
      askAgainAt = now() + Math.max(refreshMs, (now() - startedAt) * REFRESH_FACTOR)
      const fetched = result.kind === 'value' ? parseProgramConfigs(result.value) : null
      configs = fetched ?? (changed ? null : configs)
      return configs
    },
  }
}
