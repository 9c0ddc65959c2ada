import type { ProcessState } from '../collect/supervisor/process-info.ts'
import type { Seen } from './confirm.ts'
import { isAnother } from './restarts.ts'

/** What is remembered of the restarts of one program that the agent itself asked for. Times are its monotonic milliseconds. */
export interface OwnRestart {
  /** When the one was begun that the rest is about. */
  readonly begunMs: number
  /** When others were, as long as they are counted. */
  readonly earlierMs: readonly number[]
  /** Start time, on supervisord's clock, of the process that was to end. */
  readonly start: number
  /** Its pid; 0 where that is not known. */
  readonly pid: number
  /** Why: `it used 612 MB, limit 512 MB`. */
  readonly why: string
  /** When the agent was through with it; null while it is under way. */
  readonly endedMs: number | null
  /** When the new process was first seen to have started, or to have failed to; null before. */
  readonly backMs: number | null
  /** What went wrong with it; null while nothing did. */
  readonly failure: string | null
  /** True when it was stopped and could not be started again. */
  readonly leftStopped: boolean
}

export type OwnRestarts = ReadonlyMap<string, OwnRestart>

/** Asks the agent to act. */
export interface RestartOrder {
  /** `group:name` */
  readonly program: string
  /** `start` ends what an earlier restart left undone. */
  readonly task: 'restart' | 'start'
  readonly why: string
}

interface Standing {
  readonly start: number
  /** 0, or its last one, when it does not run. */
  readonly pid: number
  readonly state: ProcessState
}

/** Whether nobody but the agent has stopped the program, so that it has to be started again. */
export function isStoppedByAgent(standing: Standing, own: OwnRestart): boolean {
  const isSame = !isAnother(standing, own)
  return standing.state === 'STOPPED' && isSame && (own.endedMs === null || own.leftStopped)
}

interface PlanContext {
  readonly programs: ReadonlyMap<string, Standing>
  readonly rules: { readonly onFailure: 'report' | 'restart'; readonly restartCooldownMs: number }
  readonly nowMs: number
}

const NOTHING_TO_DO = { orders: [], own: new Map() } as const

/** Decides which programs the agent restarts now, each at most once per cool-down, and remembers it. */
export function planRestarts(
  confirmed: readonly Seen[],
  before: OwnRestarts,
  { programs, rules, nowMs }: PlanContext,
): { orders: readonly RestartOrder[]; own: OwnRestarts } {
  const { onFailure, restartCooldownMs } = rules
  if (before.size === 0 && !confirmed.some(({ candidate }) => candidate.offence !== undefined))
    return NOTHING_TO_DO
  const own = new Map(
    [...before]
      .filter(([, { begunMs }]) => nowMs - begunMs < rememberMs(restartCooldownMs))
      .map(([program, entry]) => [program, follow(entry, programs.get(program), nowMs)]),
  )
  const orders: RestartOrder[] = []
  const offences = new Map(
    confirmed.flatMap(
      ({ candidate: { offence } }) =>
        offence?.programs.map((one): [string, string] => [one, offence.why]) ?? [],
    ),
  )
  for (const [program, standing] of programs) {
    const last = own.get(program)
    if (last !== undefined && isStoppedByAgent(standing, last)) {
      orders.push({ program, task: 'start', why: last.why })
      continue
    }
    const why = offences.get(program)
    const isCooling = last !== undefined && nowMs - last.begunMs < restartCooldownMs
    if (onFailure === 'report' || why === undefined || isCooling) continue
    const earlierMs = last === undefined ? [] : [...last.earlierMs, last.begunMs]
    orders.push({ program, task: 'restart', why })
    own.set(program, {
      begunMs: nowMs,
      earlierMs: earlierMs.filter((ms) => nowMs - ms < rememberMs(restartCooldownMs)),
      start: standing.start,
      pid: standing.pid,
      why,
      endedMs: null,
      backMs: null,
      failure: null,
      leftStopped: false,
    })
  }
  return { orders, own }
}

/** How long restarts are counted. */
export function rememberMs(cooldownMs: number): number {
  return Math.max(3_600_000, 6 * cooldownMs)
}

function follow(entry: OwnRestart, standing: Standing | undefined, nowMs: number): OwnRestart {
  const isBack = standing !== undefined && isAnother(standing, entry) && standing.state !== 'STARTING'
  return isBack && entry.backMs === null ? { ...entry, backMs: nowMs } : entry
}
