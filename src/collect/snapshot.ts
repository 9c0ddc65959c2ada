import type { HttpReading } from './http-reading.ts'
import type { MemoryReading } from './memory-reading.ts'
import type { RpcReading } from './supervisor/rpc-reading.ts'
import type { UnitReading } from './systemd/unit-reading.ts'

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
  /** @param isGlance may leave out since when it is up, where supervisord's own process may tell that */
  readUnit(signal: AbortSignal, isGlance?: boolean): Promise<UnitReading>
  /** What was last read of the unit, where it cannot have changed; null where it has to be read. */
  recallUnit(): UnitReading | null
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

/**
 * Reads the doors side by side, as far as one needs not know what another says.
 * @param before the last look, where nothing has happened since that anybody has noticed; else null. As long as the same
 *   supervisord answers, the unit is not read each time.
 */
export async function takeSnapshot(
  doors: Doors,
  signal: AbortSignal,
  before: Snapshot | null = null,
): Promise<Snapshot> {
  const known = before === null ? null : doors.recallUnit()
  const [said, rpc] = await Promise.all([known ?? doors.readUnit(signal, true), doors.readSupervisor(signal)])
  const [{ unit, upSeconds }, memory, http, stderr] = await Promise.all([
    readSince(known === null || isSameSupervisor(before, rpc) ? said : null, rpc, doors, signal),
    doors.readMemory(rpc),
    doors.readHttp(rpc, signal),
    doors.readStderr(rpc, signal),
  ])
  return { unit, rpc, upSeconds, memory, http, stderr }
}

function isSameSupervisor(before: Snapshot | null, rpc: RpcReading): boolean {
  if (before?.rpc.kind !== 'answered' || rpc.kind !== 'answered') return false
  return rpc.state.pid !== null && rpc.state.pid === before.rpc.state.pid
}

/** The unit, read where nothing is said of it or a glance at it leaves open since when it is up, and since when that is. */
async function readSince(
  said: UnitReading | null,
  rpc: RpcReading,
  doors: Doors,
  signal: AbortSignal,
): Promise<Pick<Snapshot, 'unit' | 'upSeconds'>> {
  const unit = said ?? (await doors.readUnit(signal))
  const upSeconds = await findUpSeconds(unit, rpc, doors)
  const isOpen = upSeconds === null && unit.kind === 'state' && unit.isGlance === true
  return isOpen ? readSince(null, rpc, doors, signal) : { unit, upSeconds }
}

async function findUpSeconds(unit: UnitReading, rpc: RpcReading, doors: Doors): Promise<number | null> {
  const pid = rpc.kind === 'answered' ? rpc.state.pid : null
  const isOfUnit = unit.kind === 'state' && (pid === null || pid === unit.unit.mainPid)
  if (isOfUnit && unit.unit.activeSeconds !== null) return unit.unit.activeSeconds
  return pid === null ? null : doors.readUpSeconds(pid)
}
