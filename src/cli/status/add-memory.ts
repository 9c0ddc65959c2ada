import { readMemory } from '../../collect/read-memory.ts'
import type { Status, SupervisordStatus, WatchStatus } from '../../agent/status.ts'

/** Adds how much memory the programs use, as far as they run on this host and this user may see them. */
export async function addMemory(status: Status): Promise<Status> {
  return { ...status, watches: await Promise.all(status.watches.map(addTo)) }
}

async function addTo(watch: WatchStatus): Promise<WatchStatus> {
  const { supervisord } = watch
  return supervisord === null ? watch : { ...watch, supervisord: await measure(supervisord) }
}

async function measure(supervisord: SupervisordStatus): Promise<SupervisordStatus> {
  const { pid: supervisorPid, programs } = supervisord
  const pids = programs.flatMap(({ pid }) => pid ?? [])
  // Pids of another host or container are no children of a supervisord of that pid here, and so are not read.
  const memory = await readMemory({ supervisorPid, pids })
  if (memory.kind !== 'read') return supervisord
  const bytesOf = (pid: number | null): number | null => (pid === null ? null : memory.bytes.get(pid) || null)
  return { ...supervisord, programs: programs.map((one) => ({ ...one, memoryBytes: bytesOf(one.pid) })) }
}
