import type { HttpReading } from './http-reading.ts'
import type { MemoryReading } from './memory-reading.ts'
import type { RpcReading } from './supervisor/rpc-reading.ts'
import type { UnitReading } from './systemd/units.ts'

/** Everything one round saw of one supervisord, or of one plain unit (`rpc` is then `not-asked`). */
export interface Snapshot {
  readonly unit: UnitReading
  readonly rpc: RpcReading
  /** Seconds that supervisord, or the plain unit, has been up; null when unknown. */
  readonly upSeconds: number | null
  readonly memory: MemoryReading
  /** What the URLs of the HTTP checks answered; one that was not asked in this round is not there. */
  readonly http: ReadonlyMap<string, HttpReading>
  /** The last line of stderr of programs that failed, by `group:name`: printable and without our secrets. */
  readonly stderr: ReadonlyMap<string, string>
}

/** The doors to what one watch looks at; a reading that fails is a value, so none of them throws. */
export interface Doors {
  readUnit(signal: AbortSignal): Promise<UnitReading>
  readSupervisor(signal: AbortSignal): Promise<RpcReading>
  /** Seconds that a process of this host has been up; null when that cannot be known. */
  readUpSeconds(pid: number): Promise<number | null>
  /** What follows depends on what supervisord has just said. */
  readMemory(rpc: RpcReading): Promise<MemoryReading>
  /** By URL; those that are not to be asked now are not there. */
  readHttp(rpc: RpcReading, signal: AbortSignal): Promise<ReadonlyMap<string, HttpReading>>
  /** The last line of stderr of programs that failed, by `group:name`. */
  readStderr(rpc: RpcReading, signal: AbortSignal): Promise<ReadonlyMap<string, string>>
}

/** Reads the doors side by side, as far as one needs not know what another says. */
export async function takeSnapshot(doors: Doors, signal: AbortSignal): Promise<Snapshot> {
  const [unit, rpc] = await Promise.all([doors.readUnit(signal), doors.readSupervisor(signal)])
  const [upSeconds, memory, http, stderr] = await Promise.all([
    findUpSeconds(unit, rpc, doors),
    doors.readMemory(rpc),
    doors.readHttp(rpc, signal),
    doors.readStderr(rpc, signal),
  ])
  return { unit, rpc, upSeconds, memory, http, stderr }
}

async function findUpSeconds(unit: UnitReading, rpc: RpcReading, doors: Doors): Promise<number | null> {
  const pid = rpc.kind === 'answered' ? rpc.state.pid : null
  const isOfUnit = unit.kind === 'state' && (pid === null || pid === unit.unit.mainPid)
  if (isOfUnit && unit.unit.activeSeconds !== null) return unit.unit.activeSeconds
  return pid === null ? null : doors.readUpSeconds(pid)
}
