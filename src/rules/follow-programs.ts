import type { ProcessEvent } from '../collect/supervisor/process-event.ts'
import type { ProcessInfo } from '../collect/supervisor/process-info.ts'
import type { SupervisorState } from '../collect/supervisor/rpc-reading.ts'
import type { MonitorState } from './state.ts'
import { anyRestarts, followRestarts, type ProgramHistory, WINDOW_MS } from './restarts.ts'

/** After a long time without a look a restart counts for longer, so that looks far apart see a loop too. */
const LOOKS_PER_WINDOW = 4
const LONGEST_WINDOW_MS = 60 * 60_000

/** By what is remembered, the programs that it was found in, where a look that finds the same changes nothing of it. */
const atRest = new WeakMap<MonitorState['programs'], readonly ProcessInfo[]>()

/** Follows every selected program from look to look; one that has vanished is forgotten. */
export function followPrograms(
  selected: readonly ProcessInfo[],
  { pid, events, processes }: Pick<SupervisorState, 'pid' | 'events' | 'processes'>,
  before: MonitorState,
  nowMs: number,
): ReadonlyMap<string, ProgramHistory> {
  const isSameSupervisor = pid === before.supervisorPid
  if (isSameSupervisor && atRest.get(before.programs) === selected) return before.programs
  const sinceMs = before.answeredMs === null ? 0 : nowMs - before.answeredMs
  const windowMs = Math.min(Math.max(WINDOW_MS, LOOKS_PER_WINDOW * sinceMs), LONGEST_WINDOW_MS)
  const eventsOf = events === null ? null : byName(events)
  const shared = sharedNames(processes)
  const histories = new Map(
    selected.map((info) => {
      const fullName = `${info.group}:${info.name}`
      const history = followRestarts(info, before.programs.get(fullName), {
        events: eventsOf === null ? null : (eventsOf.get(info.name) ?? []),
        isOnlyOne: sinceMs > windowMs || shared.has(info.name),
        isSameSupervisor,
        own: before.ownRestarts.get(fullName),
        toldMs: before.toldMs,
        nowMs,
        windowMs,
      })
      return [fullName, history]
    }),
  )
  if (!anyRestarts(histories)) atRest.set(histories, selected)
  return histories
}

function sharedNames(processes: readonly ProcessInfo[]): ReadonlySet<string> {
  const seen = new Set<string>()
  return new Set(processes.flatMap(({ name }) => (seen.size < seen.add(name).size ? [] : [name])))
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
