import type { HttpReading } from './http-reading.ts'
import type { MemoryReading } from './memory-reading.ts'
import type { RpcReading } from './supervisor/rpc-reading.ts'
import type { UnitReading } from './systemd/unit-reading.ts'

/** Everything one round saw of one supervisord, or of one plain unit (`rpc` is then `not-asked`). */
export interface Look {
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
