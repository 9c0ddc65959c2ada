import { version } from '../../package.json'
import type { NotifierState } from './note-delivery.ts'
import type { Standing } from './standings.ts'
import type { Watch } from './watch.ts'
import type { ProcessInfo, ProcessState } from '../collect/supervisor/process-info.ts'
import { describeUnit } from '../rules/describe-unit.ts'
import type { Snapshot } from '../collect/snapshot.ts'
import { oneLine } from '../lib/text.ts'
import type { OpenWatches } from './open-watches.ts'
import type {
  CheckStatus,
  DeliveryStatus,
  MonitorStatus,
  ProgramStatus,
  ServiceStatus,
  Status,
  SupervisordStatus,
  WatchStatus,
} from './status.ts'

export interface GatherOptions extends Pick<OpenWatches, 'watches' | 'about'> {
  readonly service: ServiceStatus | null
  readonly check: (watch: Watch) => CheckStatus | null
  /** Whether the looks are more than one, or go on from what was remembered: else nothing is known of restarts. */
  readonly followsRestarts: (watch: Watch) => boolean
  readonly standingOf: (monitor: string) => Standing | null
  readonly notifierOf: (monitor: string) => NotifierState | null
  /** Monotonic milliseconds, as the looks have them. */
  readonly now: () => number
  /** Wall clock in milliseconds. */
  readonly wallNow: () => number
}

/** Gathers the last looks and verdicts, and what became of the heartbeats, into what is shown. */
export async function gatherStatus(options: GatherOptions, signal: AbortSignal): Promise<Status> {
  const { watches } = options
  const seen = await Promise.all(watches.map((watch) => gatherWatch(watch, options, signal)))
  return {
    version,
    at: new Date(options.wallNow()),
    service: options.service,
    watches: seen.flat(),
    monitors: watches
      .flatMap(({ monitors }) => monitors)
      .map(({ name, verdict }): MonitorStatus => {
        const standing = options.standingOf(name)
        const isSame = standing !== null && standing.status === verdict?.status
        return {
          name,
          status: verdict?.status ?? null,
          since: isSame ? new Date(standing.sinceMs) : null,
          message: verdict?.message ?? 'nothing can be said yet',
          delivery: deliveryOf(options.notifierOf(name)),
        }
      }),
  }
}

function deliveryOf(state: NotifierState | null): DeliveryStatus | null {
  if (state === null || state.delivery === null) return null
  const {
    kuma,
    delivery: { delivered, answer },
  } = state
  return {
    kuma,
    deliveredAt: delivered === null ? null : new Date(delivered.atMs),
    delivered: delivered?.status ?? null,
    answeredAt: new Date(answer.atMs),
    kind: oneLine(answer.kind),
    answer: oneLine(answer.says),
  }
}

/** One that was never looked at is not there yet. */
async function gatherWatch(
  watch: Watch,
  { about, check, followsRestarts, now, wallNow }: GatherOptions,
  signal: AbortSignal,
): Promise<WatchStatus[]> {
  const { name, monitors } = watch
  const seen = monitors[0]?.seen ?? null
  if (seen === null) return []
  const { snapshot, atMs } = seen
  const { version: says, deaths } = await about(watch, signal)
  const restarts = followsRestarts(watch) ? restartsOf(watch) : new Map<string, number>()
  return [
    {
      name: oneLine(name),
      seenAt: new Date(wallNow() - (now() - atMs)),
      check: check(watch),
      deaths,
      ...unitOf(snapshot),
      supervisord: supervisordOf(snapshot, says === null ? null : oneLine(says), restarts),
    },
  ]
}

/** By `group:name`; every monitor over a program counts the same restarts, but one may have been added later. */
function restartsOf({ monitors }: Watch): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const [fullName, { count }] of monitors.flatMap(({ memory }) => [...memory.programs])) {
    counts.set(fullName, Math.max(count, counts.get(fullName) ?? 0))
  }
  return counts
}

function unitOf({ unit }: Snapshot): Pick<WatchStatus, 'unit' | 'unitSays'> {
  switch (unit.kind) {
    case 'state':
      return { unit: unit.unit.name, unitSays: describeUnit(unit.unit) }
    case 'not-found':
      return { unit: null, unitSays: `no ${unit.names.join(' or ')}` }
    case 'unreachable':
      return { unit: null, unitSays: `unit unknown: ${oneLine(unit.cause)}` }
    case 'no-systemd':
    case 'not-asked':
      return { unit: null, unitSays: null }
  }
}

function supervisordOf(
  { rpc, upSeconds }: Snapshot,
  says: string | null,
  restarts: ReadonlyMap<string, number>,
): SupervisordStatus | null {
  if (rpc.kind === 'not-asked') return null
  if (rpc.kind === 'failed') {
    return { problem: oneLine(rpc.failure.detail), version: null, pid: null, upSeconds: null, programs: [] }
  }
  const { pid, now, processes } = rpc.state
  return {
    problem: null,
    version: says,
    pid,
    upSeconds: upSeconds === null ? null : Math.floor(upSeconds),
    programs: processes
      .map((info) => programOf(info, now, restarts.get(`${info.group}:${info.name}`) ?? null))
      .toSorted(byGroupAndName),
  }
}

const RUNNING: ReadonlySet<ProcessState> = new Set(['RUNNING', 'STARTING', 'STOPPING'])

function programOf(info: ProcessInfo, now: number, restarts: number | null): ProgramStatus {
  const { group, name, state, start, pid } = info
  const isUp = RUNNING.has(state)
  return {
    group: oneLine(group),
    name: oneLine(name),
    state,
    // supervisord's clock may have been set back.
    upSeconds: isUp && start > 0 ? Math.max(0, now - start) : null,
    pid: pid > 0 ? pid : null,
    memoryBytes: null,
    restarts,
    says: isUp ? '' : oneLine(whyNot(info)),
  }
}

function whyNot({ state, spawnerr, exitstatus, start }: ProcessInfo): string {
  if ((spawnerr ?? '') !== '') return spawnerr ?? ''
  if (state === 'EXITED') return exitstatus < 0 ? 'killed by a signal' : `exit ${exitstatus}`
  return state === 'STOPPED' && start === 0 ? 'never started' : ''
}

function byGroupAndName(a: ProgramStatus, b: ProgramStatus): number {
  return compare(a.group, b.group) || compare(a.name, b.name)
}

const compare = new Intl.Collator('en', { numeric: true }).compare
