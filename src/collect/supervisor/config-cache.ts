import { fullName } from '../../lib/text.ts'
import type { CallResult } from './call.ts'
import { createConfigsInForce } from './configs-in-force.ts'
import { parseProgramConfigs } from './process-info.ts'
import type { ProcessInfo, ProgramConfig } from './process-info.ts'

/** How long an answer counts while nothing seems to change: any answer, and none within the deadline. */
const REFRESH_MS = { answered: 600_000, noAnswer: 60_000 } as const
/** It is asked again after this many times what it took: half a percent of supervisord's time. */
const REFRESH_FACTOR = 200
/** But never later than after this. */
const LONGEST_MS = 3_600_000
/** After a first start it is asked again after this many times what it took: a twentieth of supervisord's time. */
const FIRST_START_FACTOR = 20

/**
 * Keeps what `supervisor.getAllConfigInfo` said: with a thousand programs it costs supervisord seconds, and some
 * implementations do not have it.
 *
 * It may have changed when supervisord was started (another pid), when programs were added or removed (other names), and
 * by `supervisorctl update` or `reload` under the same names. These make programs anew, and one that is new has never
 * ended: it has another `start` and no `stop`. With one that had never been started nothing shows it before its first
 * start. The rest comes to light after a while: a program that was made anew and ended before it was seen. What `reread`
 * alone has taken in is not in force, and so nothing is missed by not asking for it; where it is among the answers, it counts
 * only as far as that leaves a program more time.
 */
export function createConfigCache(now: () => number) {
  let seen = ''
  let last: readonly ProcessInfo[] | null = null
  let lastPid: number | null = null
  let askAgainAt = 0
  let askFirstStartsAt = 0
  let isStartedFirst = false
  let configs: readonly ProgramConfig[] | null = null
  let starts: ReadonlyMap<string, number> = new Map()
  const inForce = createConfigsInForce()
  /** Those that were made anew since the configurations were read. */
  const anew = new Set<string>()
  let readOfPid: number | null = null

  /** True when one that was started before is another program by now. */
  const takeAnew = (processes: readonly ProcessInfo[]): boolean => {
    const before = starts
    starts = new Map(processes.map((info) => [fullName(info), info.start]))
    isStartedFirst ||= processes.some((info) => info.start > 0 && before.get(fullName(info)) === 0)
    const others = processes.filter((info) => {
      const known = before.get(fullName(info)) ?? 0
      return known > 0 && info.start !== known && info.stop === 0
    })
    for (const info of others) anew.add(fullName(info))
    return others.length > 0
  }

  const isDue = (): boolean => now() >= askAgainAt || (isStartedFirst && now() >= askFirstStartsAt)

  return {
    /** null where it is not known; a failure of `fetch` is none of the reading. */
    async get(
      pid: number | null,
      processes: readonly ProcessInfo[],
      fetch: () => Promise<CallResult>,
    ): Promise<readonly ProgramConfig[] | null> {
      // Nothing of them has changed.
      if (processes === last && pid === lastPid && !isDue()) return configs
      last = processes
      lastPid = pid
      const sees = `${pid} ${processes.map(fullName).toSorted().join('\n')}`
      const isOther = takeAnew(processes)
      const changed = sees !== seen || isOther
      if (!changed && !isDue()) return configs
      seen = sees
      isStartedFirst = false
      const startedAt = now()
      const result = await fetch()
      const refreshMs = result.kind === 'no-answer' ? REFRESH_MS.noAnswer : REFRESH_MS.answered
      const tookMs = now() - startedAt
      askAgainAt = now() + Math.min(Math.max(refreshMs, tookMs * REFRESH_FACTOR), LONGEST_MS)
      askFirstStartsAt = now() + tookMs * FIRST_START_FACTOR
      const read = result.kind === 'value' ? parseProgramConfigs(result.value) : null
      if (read === null) {
        if (changed) configs = null
        return configs
      }
      configs = inForce.take(read, (name) => pid !== readOfPid || anew.has(name))
      readOfPid = pid
      anew.clear()
      return configs
    },
  }
}
