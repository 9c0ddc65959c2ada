import type { Terminal } from '../cli/terminal.ts'
import { Collector } from '../collect/snapshot.ts'
import { SupervisorClient } from '../collect/supervisor/client.ts'
import { ProgramRestarter } from '../collect/supervisor/restart.ts'
import type { OwnProcess } from '../collect/supervisor/rpc-reading.ts'
import type { UnitReader } from '../collect/systemd/units.ts'
import type { Config, SupervisorConfig } from '../config/config.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Settings } from '../rules/judge.ts'
import { Monitor, type Sending } from './monitor.ts'
import { Pacing } from './pacing.ts'
import { Restarter } from './restarter.ts'
import type { Records, StateFile } from './state.ts'
import { Target } from './target.ts'
import { Wake } from './wake.ts'

interface TargetsParts {
  readonly config: Config
  readonly records: Records
  readonly env: Readonly<Record<string, string | undefined>>
  /** This process among those of a supervisord; null where none runs it. */
  readonly own: OwnProcess | null
  /** True where changes wake the targets; a one-shot is gone before. */
  readonly listens: boolean
  /** Null for whoever changes nothing: what would be restarted is reported. */
  readonly restarting: Restarting | null
  readonly clock: Clock
  readonly log: Log
  /** Masks our own secrets in texts of others. */
  readonly mask: (text: string) => string
}

interface Restarting {
  readonly terminal: Pick<Terminal, 'holdStop'>
  /** Saved when a restart begins and ends; null for who saves at its end. */
  readonly stateFile: StateFile | null
}

/** The part of the configuration that one target needs. */
interface Place {
  readonly name: string
  /** As the configuration names it. */
  readonly unit: string
  /** For a reading of the unit. */
  readonly timeoutMs: number
  /** Null for a plain unit. */
  readonly supervisor: SupervisorConfig | null
}

/** A plain unit has no supervisord whose deadline could be used. */
const UNIT_TIMEOUT_MS = 5_000

/** One target for each supervisord and each plain unit of a configuration, and the connection to systemd that they share. */
export class Targets {
  readonly all: readonly Target[]
  readonly #units: UnitReader | null

  private constructor(all: readonly Target[], units: UnitReader | null) {
    this.all = all
    this.#units = units
  }

  /** @param sendings what each monitor of a running agent sends with, by its name; empty for who only judges */
  static async open(
    parts: TargetsParts,
    sendings: ReadonlyMap<string, Sending> = new Map(),
  ): Promise<Targets> {
    const { config, env, clock, records, restarting } = parts
    const units = await openUnitReader(config, env, clock)
    const monitors = config.monitors.map(
      ({ name, target }) =>
        new Monitor(
          name,
          restarting === null ? reporting(target) : target,
          records.get(name) ?? {},
          sendings.get(name) ?? null,
        ),
    )
    const unitNames = new Set(
      config.monitors.flatMap(({ target }) => (target.kind === 'unit' ? [target.unit] : [])),
    )
    const places: Place[] = [
      ...config.supervisors.map((supervisor) => ({ ...supervisor, supervisor })),
      ...[...unitNames].map((unit) => ({ name: unit, unit, timeoutMs: UNIT_TIMEOUT_MS, supervisor: null })),
    ]
    return new Targets(
      places.map((place) => openTarget(place, monitors, units, parts)),
      units,
    )
  }

  get monitors(): readonly Monitor[] {
    return this.all.flatMap(({ monitors }) => monitors)
  }

  async close(): Promise<void> {
    this.#units?.close()
    await Promise.all(this.all.map(({ collector }) => collector.close()))
  }
}

/** D-Bus is loaded only where a unit is asked for. */
async function openUnitReader(
  { supervisors, monitors }: Config,
  env: TargetsParts['env'],
  clock: Clock,
): Promise<UnitReader | null> {
  const isNeeded =
    supervisors.some(({ unit }) => unit !== 'none') || monitors.some(({ target }) => target.kind === 'unit')
  if (!isNeeded) return null
  const units = await import('../collect/systemd/units.ts')
  return new units.UnitReader(env['DBUS_SYSTEM_BUS_ADDRESS'] ?? null, clock)
}

function reporting(settings: Settings): Settings {
  return settings.kind === 'unit' ? settings : { ...settings, onFailure: 'report' }
}

function openTarget(
  { name, unit, timeoutMs, supervisor }: Place,
  all: readonly Monitor[],
  units: UnitReader | null,
  { config, env, own, listens, restarting, clock, log, mask }: TargetsParts,
): Target {
  const monitors = all.filter(({ settings }) =>
    settings.kind === 'unit'
      ? supervisor === null && settings.unit === unit
      : settings.supervisor === supervisor?.name,
  )
  const wake = new Wake()
  const pacing = new Pacing(config.agent.checkEveryMs, clock.now())
  const client =
    supervisor && new SupervisorClient({ ...supervisor, discovery: { env }, own, log, clock, wake })
  const collector = new Collector({
    name,
    unit,
    unitTimeoutMs: timeoutMs,
    units,
    supervisor: client,
    settings: monitors.flatMap(({ settings }) => (settings.kind === 'supervisor' ? [settings] : [])),
    wake: listens ? wake : null,
    log,
    mask,
  })
  if (listens && client !== null) units?.subscribe(unit, () => pacing.forgetTimeouts())
  let restarter: Restarter | null = null
  if (client !== null && restarting !== null) {
    const { terminal, stateFile } = restarting
    const programs = new ProgramRestarter(client, { clock, log, holdStop: terminal.holdStop })
    restarter = new Restarter(programs, wake, clock, log, stateFile)
  }
  return new Target({ name, collector, monitors, wake, pacing, restarter }, clock, log)
}
