import { resolve } from 'node:path'
import { version } from '../../package.json'
import type { Loaded } from '../cli/load.ts'
import type { Snapshot } from '../collect/snapshot.ts'
import type { ProcessInfo, ProcessState } from '../collect/supervisor/process-info.ts'
import { describePushes } from '../config/timing.ts'
import { realClock } from '../lib/clock.ts'
import { oneLine } from '../lib/text.ts'
import { describeUnit } from '../rules/units.ts'
import type { Monitor } from './monitor.ts'
import type { Records } from './state.ts'
import { makeStatusFolder, StatusServer } from './status-server.ts'
import type {
  DeliveryStatus,
  MonitorStatus,
  ProgramStatus,
  ServiceStatus,
  Status,
  SupervisordStatus,
  TargetStatus,
} from './status.ts'
import type { Target } from './target.ts'

/** A supervisord that hangs must not keep anybody waiting. */
const VERSION_TIMEOUT_MS = 1_000

/**
 * Serves the status of the running agent.
 * @returns ends that
 */
export async function publishStatus(
  { loaded: { config, source, marks }, log, mask }: Loaded,
  env: Readonly<Record<string, string | undefined>>,
  targets: readonly Target[],
): Promise<() => Promise<void>> {
  const service = {
    pid: process.pid,
    started_at: new Date(Date.now() - process.uptime() * 1000),
    config: source === null ? null : resolve(source),
    files: [...marks].map(([path, mark]) => ({ path, mark })),
    pushes: describePushes(config.agent),
  }
  const monitors = targets.flatMap((target) => target.monitors)
  const server = new StatusServer(async () => {
    const records = new Map(monitors.map(({ name, record }) => [name, record]))
    const signal = AbortSignal.timeout(VERSION_TIMEOUT_MS)
    const status = await gatherStatus(targets, { service, records, isFirst: false }, signal)
    // Each text by itself: what is masked in JSON as a whole may be JSON no more.
    return JSON.stringify(status, (_, value: unknown) => (typeof value === 'string' ? mask(value) : value))
  }, log)
  const folder = await makeStatusFolder(env, log)
  if (folder !== null) await server.start(folder)
  return () => server.close()
}

interface Surroundings {
  /** Null for a command that takes the snapshots itself. */
  readonly service: ServiceStatus | null
  /** The state of the monitors; of an earlier run, for such a command. */
  readonly records: Records
  /** These snapshots are the first: nothing is known of restarts, but where the records are of this supervisord. */
  readonly isFirst: boolean
}

/** Gathers the last snapshots and verdicts, and what became of the heartbeats. */
export async function gatherStatus(
  targets: readonly Target[],
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<Status> {
  const watches = await Promise.all(targets.map((target) => targetStatus(target, surroundings, signal)))
  const { service, records } = surroundings
  return {
    version,
    at: new Date(),
    service,
    watches: watches.filter((watch) => watch !== null),
    monitors: targets.flatMap(({ monitors }) => monitors).map((monitor) => monitorStatus(monitor, records)),
  }
}

function monitorStatus({ name, verdict }: Monitor, records: Records): MonitorStatus {
  const record = records.get(name)
  const known = record?.statusSince ?? null
  return {
    name,
    status: verdict?.status ?? null,
    since: known !== null && known.status === verdict?.status ? new Date(known.sinceMs) : null,
    message: verdict?.message ?? 'nothing can be said yet',
    deliveries: (record?.notifiers ?? []).flatMap(({ kuma, delivery }): DeliveryStatus[] => {
      if (delivery === null) return []
      const { delivered, answer } = delivery
      return [
        {
          kuma,
          delivered_at: delivered === null ? null : new Date(delivered.atMs),
          delivered: delivered?.status ?? null,
          answered_at: new Date(answer.atMs),
          kind: oneLine(answer.kind),
          answer: oneLine(answer.says),
        },
      ]
    }),
  }
}

/** Returns null before the first snapshot. */
async function targetStatus(
  target: Target,
  { service, records, isFirst }: Surroundings,
  signal: AbortSignal,
): Promise<TargetStatus | null> {
  const { name, last, monitors, pacing, collector } = target
  if (last === null) return null
  const { snapshot, atMs } = last
  const { rpc } = snapshot
  const supervisord = rpc.kind === 'answered' ? await collector.readVersion(rpc.state.pid, signal) : null
  const isFollowed = !isFirst || monitors.some((monitor) => isRecorded(monitor, records))
  return {
    name: oneLine(name),
    seen_at: new Date(Date.now() - (realClock.now() - atMs)),
    check: service === null ? null : { every_seconds: Math.round(pacing.everyMs / 1000), why: pacing.reason },
    deaths: rpc.kind === 'answered' ? collector.deaths : null,
    ...unitStatus(snapshot),
    supervisord: supervisordStatus(
      snapshot,
      supervisord === null ? null : oneLine(supervisord),
      isFollowed ? countRestarts(target) : new Map(),
    ),
  }
}

/** Returns whether an earlier run knew the supervisord that answers now. */
function isRecorded({ name, state: { supervisorPid } }: Monitor, records: Records): boolean {
  return supervisorPid !== null && records.get(name)?.state.supervisorPid === supervisorPid
}

/** By `group:name`; every monitor over a program counts the same restarts, but one may have been added later. */
function countRestarts({ monitors }: Target): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const [fullName, { count }] of monitors.flatMap(({ state }) => [...state.programs])) {
    counts.set(fullName, Math.max(count, counts.get(fullName) ?? 0))
  }
  return counts
}

function unitStatus({ unit }: Snapshot): Pick<TargetStatus, 'unit' | 'unit_says'> {
  switch (unit.kind) {
    case 'state':
      return { unit: unit.unit.name, unit_says: describeUnit(unit.unit) }
    case 'not-found':
      return { unit: null, unit_says: `no ${unit.names.join(' or ')}` }
    case 'unreachable':
      return { unit: null, unit_says: `unit unknown: ${oneLine(unit.cause)}` }
    case 'no-systemd':
    case 'not-asked':
      return { unit: null, unit_says: null }
  }
}

function supervisordStatus(
  { rpc, upSeconds }: Snapshot,
  says: string | null,
  restarts: ReadonlyMap<string, number>,
): SupervisordStatus | null {
  if (rpc.kind === 'not-asked') return null
  if (rpc.kind === 'failed') {
    return { problem: oneLine(rpc.failure.detail), version: null, pid: null, up_seconds: null, programs: [] }
  }
  const { pid, now, processes } = rpc.state
  return {
    problem: null,
    version: says,
    pid,
    up_seconds: upSeconds === null ? null : Math.floor(upSeconds),
    programs: processes
      .map((info) => programStatus(info, now, restarts.get(`${info.group}:${info.name}`) ?? null))
      .toSorted(byGroupAndName),
  }
}

const RUNNING: ReadonlySet<ProcessState> = new Set(['RUNNING', 'STARTING', 'STOPPING'])

function programStatus(info: ProcessInfo, now: number, restarts: number | null): ProgramStatus {
  const { group, name, state, start, pid } = info
  const isUp = RUNNING.has(state)
  return {
    group: oneLine(group),
    name: oneLine(name),
    state,
    // supervisord's clock may have been set back.
    up_seconds: isUp && start > 0 ? Math.max(0, now - start) : null,
    pid: pid > 0 ? pid : null,
    memory_bytes: null,
    restarts,
    says: isUp ? '' : oneLine(whyStopped(info)),
  }
}

function whyStopped({ state, spawnerr, exitstatus, start }: ProcessInfo): string {
  if ((spawnerr ?? '') !== '') return spawnerr ?? ''
  if (state === 'EXITED') return exitstatus < 0 ? 'killed by a signal' : `exit ${exitstatus}`
  return state === 'STOPPED' && start === 0 ? 'never started' : ''
}

function byGroupAndName(a: ProgramStatus, b: ProgramStatus): number {
  return compare(a.group, b.group) || compare(a.name, b.name)
}

const compare = new Intl.Collator('en', { numeric: true }).compare
