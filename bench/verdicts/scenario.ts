import type { SupervisorClientOptions } from '../../src/collect/supervisor/client.ts'
import type { UnitReading, UnitState } from '../../src/collect/systemd/units.ts'
import type { Settings } from '../../src/rules/judge.ts'
import type { Snapshot } from '../../src/collect/snapshot.ts'
import type { Supervisord, SupervisordOptions } from '../../test/helpers/supervisord.ts'

/** What a scenario may do to its supervisord, and what systemd is to say meanwhile. */
export interface Stage {
  readonly supervisord: Supervisord
  /** From now on systemd says this of the unit; null: it follows the process, `active` or `failed`. */
  readonly say: (unit: Partial<UnitState> | UnitReading | null) => void
  /** Resolves when the programs look like it: `{ web: 'RUNNING' }`. */
  readonly until: (states: Readonly<Record<string, string>>) => Promise<void>
  readonly pidOf: (program: string) => Promise<number>
  readonly sleep: (seconds: number) => Promise<void>
}

/** What happens, and what somebody who knows the truth would say of it. */
export interface Phase {
  readonly does?: (stage: Stage) => Promise<void>
  /** `bad`: whoever is responsible must be told. `well`: nobody must be disturbed at any moment of it. */
  readonly truth: 'well' | 'bad'
  /** Our message at the end; `{socket}` and `{port}` stand for the supervisord's own. */
  readonly says: RegExp
  /** How long a `well` must last, from the end of `does`. */
  readonly forSeconds?: number
}

export interface Scenario {
  readonly name: string
  /** Programs of its own; their names differ from those of every scenario that shares a supervisord. */
  readonly programs?: SupervisordOptions['programs']
  /** Its own supervisord; without it, it shares one with others and sees nothing but its own programs. */
  readonly alone?: Omit<SupervisordOptions, 'programs'>
  readonly rules?: Partial<Extract<Settings, { kind: 'supervisor' }>> | Extract<Settings, { kind: 'unit' }>
  /** Asks at the port rather than at the socket. */
  readonly overTcp?: boolean
  readonly client?: Partial<Omit<SupervisorClientOptions, 'url'>>
  readonly unit?: Partial<UnitState> | UnitReading
  /** Changes what was read, for what no real supervisord can be brought to on demand. */
  readonly distorts?: (snapshot: Snapshot, count: number) => Snapshot
  readonly phases: readonly Phase[]
}

/** One program that does what it should. */
export const WELL = 'sleep 1000'
export const IGNORES_TERM = `/bin/sh -c "trap '' TERM; while :; do sleep 0.1; done"`
