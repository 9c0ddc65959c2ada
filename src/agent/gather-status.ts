import { version } from '../../package.json'
import type { Monitor } from './monitor.ts'
import type { NotifierState } from './notifier.ts'
import type { StatusSince } from './state.ts'
import type { Target } from './target.ts'
import type { ProcessInfo, ProcessState } from '../collect/supervisor/process-info.ts'
import { describeUnit } from '../rules/units.ts'
import type { Snapshot } from '../collect/snapshot.ts'
import { oneLine } from '../lib/text.ts'
import type { OpenTargets } from './open-targets.ts'
import type {
  DeliveryStatus,
  MonitorStatus,
  ProgramStatus,
  ServiceStatus,
  Status,
  SupervisordStatus,
  TargetStatus,
} from './status.ts'

export interface GatherOptions extends Pick<OpenTargets, 'targets' | 'about'> {
  readonly service: ServiceStatus | null
  readonly check: (target: Target) => TargetStatus['check']
  /** False for a single snapshot that goes on from nothing: nothing is known of restarts then. */
  readonly followsRestarts: (target: Target) => boolean
  readonly statusSinceOf: (monitor: Monitor) => StatusSince | null
  readonly notifierOf: (monitor: string) => NotifierState | null
  /** Monotonic milliseconds, as the snapshots have them. */
  readonly now: () => number
  /** Wall clock in milliseconds. */
  readonly wallNow: () => number
}

/** Gathers the last snapshots and verdicts, and what became of the heartbeats. */
export async function gatherStatus(options: GatherOptions, signal: AbortSignal): Promise<Status> {
  const { targets, statusSinceOf, notifierOf } = options
  const statuses = await Promise.all(targets.map((target) => targetStatus(target, options, signal)))
  return {
    version,
    at: new Date(options.wallNow()),
    service: options.service,
    watches: statuses.filter((one) => one !== null),
    monitors: targets
      .flatMap(({ monitors }) => monitors)
      .map((monitor): MonitorStatus => {
        const { name, verdict } = monitor
        const known = statusSinceOf(monitor)
        const isSame = known !== null && known.status === verdict?.status
        return {
          name,
          status: verdict?.status ?? null,
          since: isSame ? new Date(known.sinceMs) : null,
          message: verdict?.message ?? 'nothing can be said yet',
          deliveries: deliveryStatus(notifierOf(name)),
        }
      }),
  }
}

/** Returns what became of the last heartbeat; nothing before the first. */
function deliveryStatus(state: NotifierState | null): DeliveryStatus[] {
  if (state === null || state.delivery === null) return []
  const {
    kuma,
    delivery: { delivered, answer },
  } = state
  const delivery = {
    kuma,
    delivered_at: delivered === null ? null : new Date(delivered.atMs),
    delivered: delivered?.status ?? null,
    answered_at: new Date(answer.atMs),
    kind: oneLine(answer.kind),
    answer: oneLine(answer.says),
  }
  return [delivery]
}

/** Returns null before the first snapshot. */
async function targetStatus(
  target: Target,
  { about, check, followsRestarts, now, wallNow }: GatherOptions,
  signal: AbortSignal,
): Promise<TargetStatus | null> {
  const { name, last } = target
  if (last === null) return null
  const { snapshot, atMs } = last
  const { version: says, deaths } = await about(target, signal)
  const restarts = followsRestarts(target) ? countRestarts(target) : new Map<string, number>()
  return {
    name: oneLine(name),
    seen_at: new Date(wallNow() - (now() - atMs)),
    check: check(target),
    deaths,
    ...unitStatus(snapshot),
    supervisord: supervisordStatus(snapshot, says === null ? null : oneLine(says), restarts),
  }
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
