import type { Watch } from '../../agent/watch.ts'
import type { ProcessInfo, ProcessState } from '../../supervisor/process-info.ts'
import { describeUnit } from '../../verdict/describe-unit.ts'
import type { Look } from '../../verdict/look.ts'
import { oneLine } from '../../verdict/one-line.ts'

/** What is seen now, ready to be shown. */
export interface Status {
  readonly at: Date
  readonly watches: readonly WatchStatus[]
  readonly monitors: readonly MonitorStatus[]
}

/** One supervisord or one plain unit. */
export interface WatchStatus {
  readonly name: string
  /** As systemd names it; null where there is none or it is not asked. */
  readonly unit: string | null
  /** One line about the unit, such as `supervisor.service active (running)`; null without one. */
  readonly unitSays: string | null
  /** Null when supervisord is not asked: a plain unit, or `url = "none"`. */
  readonly supervisord: SupervisordStatus | null
}

export interface SupervisordStatus {
  /** Why there is no answer; null when there is one. */
  readonly problem: string | null
  readonly pid: number | null
  readonly upSeconds: number | null
  /** By group and name. */
  readonly programs: readonly ProgramStatus[]
}

export interface ProgramStatus {
  readonly group: string
  readonly name: string
  readonly state: ProcessState
  /** Null when it does not run. */
  readonly upSeconds: number | null
  /** Null when it does not run. */
  readonly pid: number | null
  /** Why it does not run, where supervisord tells; else empty. */
  readonly says: string
}

export interface MonitorStatus {
  readonly name: string
  /** Null while a first look leaves it open. */
  readonly status: 'up' | 'down' | null
  readonly message: string
}

/** Gathers the looks and verdicts into what is shown; names become printable. */
export function gatherStatus(looks: ReadonlyMap<Watch, Look>, at: Date): Status {
  return {
    at,
    watches: [...looks].map(([{ name }, look]) => ({
      name,
      ...unitOf(look),
      supervisord: supervisordOf(look),
    })),
    monitors: [...looks.keys()]
      .flatMap(({ monitors }) => monitors)
      .map(({ name, verdict }) => ({
        name,
        status: verdict?.status ?? null,
        message: verdict?.message ?? 'nothing can be said yet',
      })),
  }
}

function unitOf({ unit }: Look): Pick<WatchStatus, 'unit' | 'unitSays'> {
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

function supervisordOf({ rpc, upSeconds }: Look): SupervisordStatus | null {
  if (rpc.kind === 'not-asked') return null
  if (rpc.kind === 'failed') {
    return { problem: oneLine(rpc.failure.detail), pid: null, upSeconds: null, programs: [] }
  }
  const { pid, processes } = rpc.state
  return {
    problem: null,
    pid,
    upSeconds: upSeconds === null ? null : Math.floor(upSeconds),
    programs: processes.map(programOf).toSorted(byGroupAndName),
  }
}

const RUNNING: ReadonlySet<ProcessState> = new Set(['RUNNING', 'STARTING', 'STOPPING'])

function programOf(info: ProcessInfo): ProgramStatus {
  const { group, name, state, now, start, pid } = info
  const isUp = RUNNING.has(state)
  return {
    group: oneLine(group),
    name: oneLine(name),
    state,
    // supervisord's clock may have been set back.
    upSeconds: isUp && start > 0 ? Math.max(0, now - start) : null,
    pid: pid > 0 ? pid : null,
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
