import type { ProcessEvent } from '../supervisor/process-event.ts'
import type { ProcessInfo } from '../supervisor/process-info.ts'
import type { SupervisorState } from '../supervisor/rpc-reading.ts'
import type { MonitorMemory } from './memory.ts'
import { followRestarts, type ProgramHistory } from './restarts.ts'

/** Restarts count for this long; looks that are far apart stretch it, so that as many of them are seen. */
const WINDOW_MS = 5 * 60_000
const LOOKS_PER_WINDOW = 4

/** Follows every selected program from look to look; one that has vanished is forgotten. */
export function followPrograms(
  selected: readonly ProcessInfo[],
  { pid, events }: Pick<SupervisorState, 'pid' | 'events'>,
  before: MonitorMemory,
  nowMs: number,
): ReadonlyMap<string, ProgramHistory> {
  const sinceMs = before.answeredMs === null ? 0 : nowMs - before.answeredMs
  const eventsOf = events === null ? null : byName(events)
  return new Map(
    selected.map((info) => {
      const fullName = `${info.group}:${info.name}`
      const history = followRestarts(info, before.programs.get(fullName), {
        // The log gives no groups: only a program whose start time moved looks for itself in it.
        events: eventsOf === null ? null : (eventsOf.get(info.name) ?? []),
        isSameSupervisor: pid === before.supervisorPid,
        nowMs,
        windowMs: Math.max(WINDOW_MS, LOOKS_PER_WINDOW * sinceMs),
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
