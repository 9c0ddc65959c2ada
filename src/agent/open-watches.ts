import { Bell } from './bell.ts'
import { CheckPeriod } from './check-period.ts'
import { Monitor } from './monitor.ts'
import type { Clock } from '../lib/clock.ts'
import type { Memories } from './state-file.ts'
import type { Doors } from '../collect/snapshot.ts'
import type { Watch } from './watch.ts'
import type { Config, SupervisorTarget } from '../config/config.ts'
import type { Log } from '../lib/log.ts'
import { isUptimeOfHost } from '../collect/is-uptime-of-host.ts'
import { readUpSeconds } from '../collect/read-up-seconds.ts'
import { recallUpSeconds } from '../collect/recall-up-seconds.ts'
import type { OwnProcess } from '../collect/supervisor/rpc-reading.ts'
import type { UnitReader } from '../collect/systemd/unit-reader.ts'
import type { Rules } from '../rules/judge.ts'
import type { Terminal } from '../cli/terminal.ts'
import { NO_PROBES, openProbes, type Probes } from './open-probes.ts'
import { openSupervisor, type SupervisorDoor } from './open-supervisor.ts'
import { watchPids } from './watch-pids.ts'

export interface OpenWatches {
  readonly watches: readonly Watch[]
  /** What is known of a watch beside its looks. */
  about(watch: Watch, signal: AbortSignal): Promise<AboutWatch>
  close(): Promise<void>
}

interface AboutWatch {
  /** supervisord's version; null where there is none, or it does not tell. */
  readonly version: string | null
  /** When the death of a program is noticed; null where there are none, and for a single look. */
  readonly deaths: 'at once' | 'at the next check' | null
}

interface WatchesOptions {
  readonly config: Config
  readonly env: Readonly<Record<string, string | undefined>>
  /** This process among those of a supervisord; null or left out where none runs it. */
  readonly own?: OwnProcess | null
  readonly memories: Memories
  readonly clock: Clock
  readonly log: Log
  /** Whether changes should ring the watches' bells; a one-shot is gone before. */
  readonly listens: boolean
  /** Masks our own secrets in texts of others. */
  readonly mask: (text: string) => string
  /** A dry run looks and acts on nothing: it reports where it would restart. */
  readonly dryRun: boolean
  /** Left out by who restarts nothing. */
  readonly holdStop?: Terminal['holdStop']
}

/** A plain unit has no supervisord whose deadline could be used. */
const UNIT_TIMEOUT_MS = 5_000

/** Opens the doors to everything that is watched: one watch for each supervisord and each plain unit. */
export async function openWatches(options: WatchesOptions): Promise<OpenWatches> {
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
    holdStop = () => null,
  } = options
  // Whether a process tells since when it is up: in LXC none does, and who looks again and again has it from the unit anyway.
  const processTells = !listens && isUptimeOfHost(clock.now())
  const reader = await openUnitReader(options, (unit) => {
    for (const { bell } of bells.filter((one) => one.unit === unit)) bell.ring()
  })
  const monitorsOf = (isOf: (target: Rules) => boolean): Monitor[] =>
    config.monitors
      .filter(({ target }) => isOf(target))
      .map(
        ({ name, target }) =>
          new Monitor(name, dryRun ? reporting(target) : target, memories.get(name)?.memory),
      )

  const supervisors = config.supervisors.map((supervisor) => {
    const { name, unit, url, timeoutMs } = supervisor
    const isOf = (target: Rules): target is SupervisorTarget =>
      target.kind === 'supervisor' && target.supervisor === name
    const bell = new Bell()
    const onEnd = (): void => bell.ring()
    const plain = openSupervisor(supervisor, { env, own, log, clock, holdStop, onEnd })
    const watched = listens && url !== 'none' ? watchPids({ name, door: plain, bell, log }) : null
    const door = watched ?? plain
    const targets = config.monitors.map(({ target }) => target).filter(isOf)
    const probes = openProbes({ name, door, targets, log, mask })
    // Alone, the unit has to tell since when it is up.
    const mayGlance = processTells && url !== 'none'
    return { name, bell, door, watched, probes, unit, timeoutMs, mayGlance, monitors: monitorsOf(isOf) }
  })
  const unitNames = new Set(
    config.monitors.flatMap(({ target }) => (target.kind === 'unit' ? [target.unit] : [])),
  )
  const units = [...unitNames].map((unit) => ({ unit, bell: new Bell() }))
  const bells = [...supervisors, ...units]
  const watches: Watch[] = [
    ...supervisors.map(({ name, bell, door, probes, unit, timeoutMs, mayGlance, monitors }) => ({
      name,
      bell,
      checks: new CheckPeriod(config.agent.checkEveryMs),
      doors: supervisorDoors(door, clock, probes, readerOf(reader, unit, timeoutMs, mayGlance)),
      monitors,
      restart: door.restart,
    })),
    ...units.map(({ unit, bell }) => ({
      name: unit,
      bell,
      checks: new CheckPeriod(config.agent.checkEveryMs),
      doors: unitDoors(readerOf(reader, unit, UNIT_TIMEOUT_MS)),
      monitors: monitorsOf((target) => target.kind === 'unit' && target.unit === unit),
      restart: NO_RESTART,
    })),
  ]
  return {
    watches,
    async about({ bell, monitors: [monitor] }, signal) {
      const supervisor = supervisors.find((one) => one.bell === bell)
      const rpc = monitor?.seen?.snapshot.rpc
      if (supervisor === undefined || rpc?.kind !== 'answered') return NOTHING_MORE
      const { door, watched } = supervisor
      return {
        version: await door.readVersion(rpc.state.pid, signal),
        deaths: watched === null ? null : watched.seesPids() ? 'at once' : 'at the next check',
      }
    },
    async close() {
      reader?.close()
      await Promise.all(supervisors.flatMap(({ door, probes }) => [door.close(), probes.close()]))
    },
  }
}

const NOTHING_MORE: AboutWatch = { version: null, deaths: null }

/** D-Bus is loaded only where a unit is asked for. */
async function openUnitReader(
  { config, env, clock, listens }: WatchesOptions,
  onChange: (unit: string) => void,
): Promise<UnitReader | null> {
  const isNeeded =
    config.supervisors.some(({ unit }) => unit !== 'none') ||
    config.monitors.some(({ target }) => target.kind === 'unit')
  if (!isNeeded) return null
  const { createUnitReader } = await import('../collect/systemd/unit-reader.ts')
  return createUnitReader({
    address: env['DBUS_SYSTEM_BUS_ADDRESS'] ?? null,
    hrtime: () => process.hrtime.bigint(),
    sleep: (ms) => clock.sleep(ms, new AbortController().signal),
    ...(listens && { onChange }),
  })
}

type UnitDoors = Pick<Doors, 'readUnit' | 'recallUnit'>

function readerOf(reader: UnitReader | null, unit: string, timeoutMs: number, mayGlance = false): UnitDoors {
  return {
    readUnit: (signal, isGlance = false) =>
      reader?.read(unit, { signal, timeoutMs }, mayGlance && isGlance) ??
      Promise.resolve({ kind: 'not-asked' }),
    recallUnit: () => reader?.recall(unit) ?? null,
  }
}

function supervisorDoors(door: SupervisorDoor, clock: Clock, probes: Probes, unit: UnitDoors): Doors {
  const upSeconds = recallUpSeconds(readUpSeconds, () => clock.now())
  return {
    ...probes,
    ...unit,
    readSupervisor: (signal) => door.read(signal),
    // Over TCP the pid may be another host's.
    readUpSeconds: (pid) => (door.isLocal() ? upSeconds(pid) : Promise.resolve(null)),
  }
}

const NO_RESTART: Watch['restart'] = () =>
  Promise.resolve({ kind: 'failed', why: 'a plain unit is not restarted', leftStopped: false })

function reporting(target: Rules): Rules {
  return target.kind === 'unit' ? target : { ...target, onFailure: 'report' }
}

/** Where there is no supervisord to ask, the unit is read each time: it decides alone. */
function unitDoors({ readUnit }: UnitDoors): Doors {
  return {
    ...NO_PROBES,
    readUnit,
    recallUnit: () => null,
    readSupervisor: () => Promise.resolve({ kind: 'not-asked' }),
    readUpSeconds: () => Promise.resolve(null),
  }
}
