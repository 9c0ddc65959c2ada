import { Monitor, type Sending } from './monitor.ts'
import type { Clock } from '../lib/clock.ts'
import type { Memories } from './state.ts'
import { Collector } from '../collect/snapshot.ts'
import { Pacing } from './pacing.ts'
import { Restarter } from './restarter.ts'
import { Target } from './target.ts'
import { Wake } from './wake.ts'
import type { Config, SupervisorTarget } from '../config/config.ts'
import type { Log } from '../lib/log.ts'
import { SupervisorClient } from '../collect/supervisor/client.ts'
import { ProgramRestarter } from '../collect/supervisor/restart.ts'
import type { OwnProcess } from '../collect/supervisor/rpc-reading.ts'
import type { UnitReader } from '../collect/systemd/units.ts'
import type { Settings } from '../rules/judge.ts'
import type { Terminal } from '../cli/terminal.ts'

export interface OpenTargets {
  readonly targets: readonly Target[]
  /** What is known of a target beside its snapshots. */
  about(target: Target, signal: AbortSignal): Promise<AboutTarget>
  close(): Promise<void>
}

interface AboutTarget {
  /** supervisord's version; null where there is none, or it does not tell. */
  readonly version: string | null
  /** When the death of a program is noticed; null where there are none, and for a single look. */
  readonly deaths: 'at once' | 'at the next check' | null
}

interface TargetsOptions {
  readonly config: Config
  readonly env: Readonly<Record<string, string | undefined>>
  /** This process among those of a supervisord; null or left out where none runs it. */
  readonly own?: OwnProcess | null
  readonly memories: Memories
  readonly clock: Clock
  readonly log: Log
  /** Whether changes should wake the targets; a one-shot is gone before. */
  readonly listens: boolean
  /** What each monitor of a running agent sends with, by its name; left out by who only judges. */
  readonly sendings?: ReadonlyMap<string, Sending>
  /** Masks our own secrets in texts of others. */
  readonly mask: (text: string) => string
  /** A dry run looks and acts on nothing: it reports where it would restart. */
  readonly dryRun: boolean
  /** Left out by who restarts nothing. */
  readonly holdStop?: Terminal['holdStop']
}

/** A plain unit has no supervisord whose deadline could be used. */
const UNIT_TIMEOUT_MS = 5_000

/** Makes a target of each supervisord and of each plain unit. */
export async function openTargets(options: TargetsOptions): Promise<OpenTargets> {
  const {
    config,
    env,
    own = null,
    memories,
    clock,
    log,
    mask,
    dryRun,
    listens,
    sendings = new Map<string, Sending>(),
    holdStop = () => null,
  } = options
  const units = await openUnitReader(options)
  const monitorsOf = (isOf: (target: Settings) => boolean): Monitor[] =>
    config.monitors
      .filter(({ target }) => isOf(target))
      .map(
        ({ name, target }) =>
          new Monitor(
            name,
            dryRun ? reporting(target) : target,
            memories.get(name) ?? {},
            sendings.get(name) ?? null,
          ),
      )

  const supervisors = config.supervisors.map((supervisor) => {
    const { name, unit, timeoutMs } = supervisor
    const isOf = (target: Settings): target is SupervisorTarget =>
      target.kind === 'supervisor' && target.supervisor === name
    const wake = new Wake()
    const onEnd = (): void => wake.notify()
    const client = new SupervisorClient({
      ...supervisor,
      discovery: { env },
      own,
      log,
      now: () => clock.now(),
      onEnd,
    })
    const collector = new Collector({
      name,
      unit,
      unitTimeoutMs: timeoutMs,
      units,
      supervisor: client,
      settings: config.monitors.map(({ target }) => target).filter(isOf),
      wake: listens ? wake : null,
      log,
      mask,
    })
    return { name, wake, client, collector, monitors: monitorsOf(isOf) }
  })
  const unitNames = new Set(
    config.monitors.flatMap(({ target }) => (target.kind === 'unit' ? [target.unit] : [])),
  )
  const stateFile = [...sendings.values()][0]?.stateFile ?? null
  const pacing = (): Pacing => new Pacing(config.agent.checkEveryMs, clock.now())
  const supervisorTargets = supervisors.map(({ name, wake, client, collector, monitors }) => {
    const programs = new ProgramRestarter(client, { clock, log, holdStop })
    const restarter = dryRun ? null : new Restarter(programs, wake, clock, log, stateFile)
    return new Target({ name, collector, monitors, wake, pacing: pacing(), restarter }, clock, log)
  })
  const unitTargets = [...unitNames].map((unit) => {
    const wake = new Wake()
    const collector = new Collector({
      name: unit,
      unit,
      unitTimeoutMs: UNIT_TIMEOUT_MS,
      units,
      supervisor: null,
      settings: [],
      wake: listens ? wake : null,
      log,
      mask,
    })
    const monitors = monitorsOf((target) => target.kind === 'unit' && target.unit === unit)
    return new Target(
      { name: unit, collector, monitors, wake, pacing: pacing(), restarter: null },
      clock,
      log,
    )
  })
  return {
    targets: [...supervisorTargets, ...unitTargets],
    async about({ wake, last }, signal) {
      const supervisor = supervisors.find((one) => one.wake === wake)
      const rpc = last?.snapshot.rpc
      if (supervisor === undefined || rpc?.kind !== 'answered') return NOTHING_MORE
      const { client, collector } = supervisor
      return {
        version: await client.readVersion(rpc.state.pid, signal),
        deaths: collector.deaths,
      }
    },
    async close() {
      units?.close()
      await Promise.all(supervisors.map(({ collector }) => collector.close()))
    },
  }
}

const NOTHING_MORE: AboutTarget = { version: null, deaths: null }

/** D-Bus is loaded only where a unit is asked for. */
async function openUnitReader({ config, env, clock }: TargetsOptions): Promise<UnitReader | null> {
  const isNeeded =
    config.supervisors.some(({ unit }) => unit !== 'none') ||
    config.monitors.some(({ target }) => target.kind === 'unit')
  if (!isNeeded) return null
  const units = await import('../collect/systemd/units.ts')
  return new units.UnitReader(env['DBUS_SYSTEM_BUS_ADDRESS'] ?? null, clock)
}

function reporting(target: Settings): Settings {
  return target.kind === 'unit' ? target : { ...target, onFailure: 'report' }
}
