import type { RpcReading } from '../supervisor/rpc-reading.ts'
import type { UnitReading } from '../systemd/unit-reading.ts'
import type { Look } from '../verdict/look.ts'

/** The doors to what one watch looks at; a reading that fails is a value, so none of them throws. */
export interface Doors {
  readUnit(signal: AbortSignal): Promise<UnitReading>
  readSupervisor(signal: AbortSignal): Promise<RpcReading>
  /** Seconds that a process of this host has been up; null when that cannot be known. */
  readUpSeconds(pid: number): Promise<number | null>
}

/** Reads the doors side by side. */
export async function takeLook(doors: Doors, signal: AbortSignal): Promise<Look> {
  const [unit, rpc] = await Promise.all([doors.readUnit(signal), doors.readSupervisor(signal)])
  return { unit, rpc, upSeconds: await upSeconds(unit, rpc, doors) }
}

async function upSeconds(unit: UnitReading, rpc: RpcReading, doors: Doors): Promise<number | null> {
  const pid = rpc.kind === 'answered' ? rpc.state.pid : null
  const isOfUnit = unit.kind === 'state' && (pid === null || pid === unit.unit.mainPid)
  if (isOfUnit && unit.unit.activeSeconds !== null) return unit.unit.activeSeconds
  return pid === null ? null : doors.readUpSeconds(pid)
}
