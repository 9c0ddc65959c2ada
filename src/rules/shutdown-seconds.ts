import { remember } from './remember.ts'
import type { SupervisorState } from '../collect/supervisor/rpc-reading.ts'

const DEFAULT_STOPWAITSECS = 10
/** Beyond this only a single program that asks for more is waited for. */
const ENOUGH_SECONDS = 120

/**
 * How long supervisord may take to stop all of its programs: it stops one group after the other, and the programs of a
 * group together.
 * @see https://github.com/Supervisor/supervisor/blob/main/supervisor/supervisord.py
 */
export const shutdownSeconds: (
  processes: SupervisorState['processes'],
  configs: SupervisorState['configs'],
) => number = remember((processes, configs) => {
  const configured = new Map(
    configs?.map(({ group, name, stopwaitsecs }) => [`${group}:${name}`, stopwaitsecs]),
  )
  const slowest = new Map<string, number>()
  for (const { group, name, pid } of processes) {
    const seconds = pid === 0 ? 0 : (configured.get(`${group}:${name}`) ?? DEFAULT_STOPWAITSECS)
    slowest.set(group, Math.max(slowest.get(group) ?? 0, seconds))
  }
  const groups = [...slowest.values()]
  const sum = groups.reduce((all, seconds) => all + seconds, 0)
  return Math.max(DEFAULT_STOPWAITSECS, Math.min(sum, ENOUGH_SECONDS), ...groups)
})
