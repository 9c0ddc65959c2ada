import type { ProcessEvent } from '../supervisor/process-event.ts'
import type { ProcessInfo } from '../supervisor/process-info.ts'
import type { SupervisorState } from '../supervisor/rpc-reading.ts'
import type { MonitorMemory } from './memory.ts'
import { followRestarts, type ProgramHistory } from './restarts.ts'

/** Restarts count for this long; looks that are far apart stretch it, so that as many of them are seen. */
const WINDOW_MS = 5 * 60_000
const LOOKS_PER_WINDOW = 4
const LONGEST_WINDOW_MS = 60 * 60_000

/** Follows every selected program from look to look; one that has vanished is forgotten. */
export function followPrograms(
  selected: readonly ProcessInfo[],
  { pid, events, processes }: Pick<SupervisorState, 'pid' | 'events' | 'processes'>,
  before: MonitorMemory,
  nowMs: number,
): ReadonlyMap<string, ProgramHistory> {
  const sinceMs = before.answeredMs === null ? 0 : nowMs - before.answeredMs
  const windowMs = Math.min(Math.max(WINDOW_MS, LOOKS_PER_WINDOW * sinceMs), LONGEST_WINDOW_MS)
  const eventsOf = events === null ? null : byName(events)
  const names = new Map<string, number>()
  for (const { name } of processes) names.set(name, (names.get(name) ?? 0) + 1)
  return new Map(
    selected.map((info) => {
      const fullName = `${info.group}:${info.name}`
      const history = followRestarts(info, before.programs.get(fullName), {
        events: eventsOf === null ? null : (eventsOf.get(info.name) ?? []),
        isOnlyOne: sinceMs > windowMs || (names.get(info.name) ?? 0) > 1,
        isSameSupervisor: pid === before.supervisorPid,
        nowMs,
        windowMs,
      })
      return [fullName, history]
    }),
  )
}

function byName(events: readonly ProcessEvent[]): ReadonlyMap<string, ProcessEvent[]> {
  const groups = new Map<string, ProcessEvent[]>()
  for (const event of events) {
    const group = groups.get(event.name)
    if (group === undefined) groups.set(event.name, [event])
    else group.push(event)
  }
  return groups
}
