import type { SupervisorState } from './rpc-reading.ts'

/** The agent itself, as the supervisord that runs it knows it. */
export interface OwnProcess {
  readonly group: string
  readonly name: string
  /** Of that supervisord; null when it did not tell. */
  readonly serverUrl: string | null
  readonly pid: number
}

/** Leaves the agent out of what the supervisord at this address has said: nobody is told of the messenger. */
export function withoutOwn(state: SupervisorState, own: OwnProcess, url: string): SupervisorState {
  const isOwn = ({ group, name, pid }: { group: string; name: string; pid: number }): boolean =>
    // One of another supervisord may have the same name; and ours may be configured by another URL than it gives itself.
    group === own.group && name === own.name && (url === own.serverUrl || pid === own.pid)
  if (!state.processes.some(isOwn)) return state
  return {
    ...state,
    processes: state.processes.filter((one) => !isOwn(one)),
    configs: state.configs?.filter(({ group, name }) => group !== own.group || name !== own.name) ?? null,
  }
}
