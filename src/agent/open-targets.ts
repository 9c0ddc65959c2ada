import { Monitor, type Sending } from './monitor.ts'
import type { Clock } from '../lib/clock.ts'
import type { Memories } from './state.ts'
import { takeSnapshot, type Doors } from '../collect/snapshot.ts'
import { Pacing } from './pacing.ts'
import { Restarter } from './restarter.ts'
import { Target, type Collector } from './target.ts'
import { Wake } from './wake.ts'
import type { Config, SupervisorTarget } from '../config/config.ts'
import type { Log } from '../lib/log.ts'
import { readUpSeconds } from '../collect/read-up-seconds.ts'
import { SupervisorClient } from '../collect/supervisor/client.ts'
import { ProgramRestarter } from '../collect/supervisor/restart.ts'
import type { OwnProcess } from '../collect/supervisor/rpc-reading.ts'
import type { UnitReader } from '../collect/systemd/units.ts'
import type { Settings } from '../rules/judge.ts'
import type { Terminal } from '../cli/terminal.ts'
import { NO_PROBES, openProbes, type Probes } from './open-probes.ts'
import { watchPids } from './watch-pids.ts'

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
  const reader = await openUnitReader(options)
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
    const { name, unit, url, timeoutMs } = supervisor
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
    const watched = listens && url !== 'none' ? watchPids({ name, client, wake, log }) : null
    const targets = config.monitors.map(({ target }) => target).filter(isOf)
    const probes = openProbes({ name, door: client, targets, log, mask })
    return { name, wake, client, watched, probes, unit, timeoutMs, monitors: monitorsOf(isOf) }
  })
  const unitNames = new Set(
    config.monitors.flatMap(({ target }) => (target.kind === 'unit' ? [target.unit] : [])),
  )
  const units = [...unitNames].map((unit) => ({ unit, wake: new Wake() }))
  if (listens)
    for (const { unit, wake } of [...supervisors, ...units]) reader?.subscribe(unit, () => wake.notify())
  const stateFile = [...sendings.values()][0]?.stateFile ?? null
  const pacing = (): Pacing => new Pacing(config.agent.checkEveryMs, clock.now())
  const supervisorTargets = supervisors.map(
    ({ name, wake, client, watched, probes, unit, timeoutMs, monitors }) => {
      const doors = supervisorDoors(client, watched ?? client, probes, readerOf(reader, unit, timeoutMs))
      const programs = new ProgramRestarter(client, clock, log, holdStop)
      const restarter = dryRun ? null : new Restarter(programs, wake, clock, log, stateFile)
      return new Target(
        { name, collector: collectorOf(doors), monitors, wake, pacing: pacing(), restarter },
        clock,
        log,
      )
    },
  )
  const unitTargets = units.map(({ unit, wake }) => {
    const collector = collectorOf(unitDoors(readerOf(reader, unit, UNIT_TIMEOUT_MS)))
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
      const { client, watched } = supervisor
      return {
        version: await client.readVersion(rpc.state.pid, signal),
        deaths: watched === null ? null : watched.seesPids() ? 'at once' : 'at the next check',
      }
    },
    async close() {
      reader?.close()
      for (const { watched } of supervisors) watched?.close()
      await Promise.all(supervisors.flatMap(({ client, probes }) => [client.close(), probes.close()]))
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

function readerOf(reader: UnitReader | null, unit: string, timeoutMs: number): Doors['readUnit'] {
  return async (signal) => (await reader?.read(unit, { signal, timeoutMs })) ?? { kind: 'not-asked' }
}

function supervisorDoors(
  client: SupervisorClient,
  readings: Pick<SupervisorClient, 'read'>,
  probes: Probes,
  readUnit: Doors['readUnit'],
): Doors {
  return {
    ...probes,
    readUnit,
    readSupervisor: (signal) => readings.read(signal),
    // Over TCP the pid may be another host's.
    readUpSeconds: (pid) => (client.isLocal() ? readUpSeconds(pid) : Promise.resolve(null)),
  }
}

function collectorOf(doors: Doors): Collector {
  return { snapshot: (signal) => takeSnapshot(doors, signal) }
}

function reporting(target: Settings): Settings {
  return target.kind === 'unit' ? target : { ...target, onFailure: 'report' }
}

function unitDoors(readUnit: Doors['readUnit']): Doors {
  return {
    ...NO_PROBES,
    readUnit,
    readSupervisor: () => Promise.resolve({ kind: 'not-asked' }),
    readUpSeconds: () => Promise.resolve(null),
  }
}
