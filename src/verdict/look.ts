import type { RpcReading } from '../supervisor/rpc-reading.ts'
import type { UnitReading } from '../systemd/unit-reading.ts'

/** Everything one round saw of one supervisord, or of one plain unit (`rpc` is then `not-asked`). */
export interface Look {
  readonly unit: UnitReading
  readonly rpc: RpcReading
  /** Seconds that supervisord, or the plain unit, has been up; null when unknown. */
  readonly upSeconds: number | null
}
