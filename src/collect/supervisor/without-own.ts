import type { ProcessInfo, ProgramConfig } from './process-info.ts'
import type { SupervisorState } from './rpc-reading.ts'

/** The agent itself, as the supervisord that runs it knows it. */
export interface OwnProcess {
  readonly group: string
  readonly name: string
  /** Of that supervisord; null when it did not tell. */
  readonly serverUrl: string | null
  readonly pid: number
}

/**
 * Leaves the agent out of what the supervisord at this address has said: nobody is told of the messenger. An event listener
 * has a group of its own: whatever else is in it is one more copy of the agent.
 */
export function withoutOwn(state: SupervisorState, own: OwnProcess, url: string): SupervisorState {
  if (!runsOwn(state, own, url)) return state
  return {
    ...state,
    processes: otherProcesses(state.processes, own.group),
    configs: state.configs && otherConfigs(state.configs, own.group),
  }
}

const otherProcesses = createOthers<ProcessInfo>()
const otherConfigs = createOthers<ProgramConfig>()

/** The same list each time for one list and group: what was judged by it is not judged anew. */
function createOthers<T extends { readonly group: string }>() {
  const known = new WeakMap<readonly T[], { readonly without: string; readonly others: readonly T[] }>()
  return (all: readonly T[], without: string): readonly T[] => {
    const last = known.get(all)
    if (last?.without === without) return last.others
    const others = all.filter(({ group }) => group !== without)
    known.set(all, { without, others })
    return others
  }
}

/** How many copies of the agent the supervisord at this address is set to run; 0 when it is another one's. */
export function countOwn(state: SupervisorState, own: OwnProcess, url: string): number {
  return runsOwn(state, own, url) ? state.processes.filter(({ group }) => group === own.group).length : 0
}

function runsOwn({ processes }: SupervisorState, own: OwnProcess, url: string): boolean {
  return processes.some(
    ({ group, name, pid }) =>
      // One of another supervisord may have the same name; and ours may be configured by another URL than it gives itself.
      group === own.group && name === own.name && (url === own.serverUrl || pid === own.pid),
  )
}
