import type { Snapshot } from '../collect/snapshot.ts'
import type { ProcessInfo, ProcessState, ProgramConfig } from '../collect/supervisor/process-info.ts'
import type { SupervisorState } from '../collect/supervisor/rpc-reading.ts'
import type { SupervisorTarget } from '../config/config.ts'
import { selectPrograms } from '../lib/glob.ts'
import { describeDuration, displayName, fullName } from '../lib/text.ts'
import { judgeMemory } from './health.ts'
import { isStoppedByAgent, type OwnRestart } from './own-restarts.ts'
import type { Problem, ProblemKind } from './problems.ts'
import {
  describeExit,
  describeLoop,
  type FailingStarts,
  followPrograms,
  isExpectedExit,
  type ProgramHistories,
  type ProgramHistory,
} from './restarts.ts'
import type { MonitorState } from './state.ts'

/** The programs of one monitor in one snapshot. */
export interface Programs {
  readonly settings: SupervisorTarget
  /** The answer that they were in. */
  readonly supervisor: SupervisorState
  /** How many are selected. */
  readonly total: number
  /** The names of those that run, as `group:name`. */
  readonly running: readonly string[]
  /** How many do not run and need not, by the reason. */
  readonly idle: ReadonlyMap<IdleReason, number>
  readonly problems: readonly Problem[]
  readonly histories: ProgramHistories
  /** How long supervisord may take to stop all of its programs. */
  readonly shutdownSeconds: number
}

type IdleReason = 'never started' | 'exited as expected' | 'stopped'

/** Judges every program that the monitor selects. */
export function judgePrograms(
  supervisor: SupervisorState,
  { memory, lastLines }: Pick<Snapshot, 'memory' | 'lastLines'>,
  settings: SupervisorTarget,
  before: MonitorState,
  nowMs: number,
): Programs {
  const { processes, configs } = supervisor
  const { selected, unmatched } = selectPrograms(processes, settings)
  const histories = followPrograms(selected, supervisor, before, nowMs)
  const configOf = new Map(configs?.map((config) => [fullName(config), config]))
  const stopping = processes.filter((info) => info.state === 'STOPPING')
  const stopsMs = stopping.map((info) => stopMs(configOf.get(fullName(info))))
  const running: string[] = []
  const idle = new Map<IdleReason, number>()
  const notRunning: Problem[] = []
  for (const info of selected) {
    const name = fullName(info)
    const verdict = judgeProgram(info, {
      config: configOf.get(name),
      history: histories.get(name),
      ownRestart: before.ownRestarts.get(name),
      lastLine: settings.logTail ? lastLines.get(name) : undefined,
      stopped: settings.stopped,
      othersStopMs: stopsMs.length === 0 ? null : Math.max(...stopsMs),
      nowMs,
    })
    if (verdict === 'running') running.push(name)
    else if (typeof verdict === 'string') idle.set(verdict, (idle.get(verdict) ?? 0) + 1)
    else notRunning.push(verdict)
  }
  const problems = [
    ...notRunning,
    ...unmatched.map((pattern) => noMatch(pattern, processes)),
    selected.length === 0 && unmatched.length === 0 ? nothingSelected(processes.length) : null,
    tooFew(settings.minRunning, running.length, running.length + notRunning.length, selected.length),
    ...selected.map((info) => judgeMemory(info, memory, settings.memoryBytes)),
  ].filter((problem) => problem !== null)
  return {
    settings,
    supervisor,
    total: selected.length,
    running,
    idle,
    problems,
    histories,
    shutdownSeconds: shutdownSeconds(processes, configOf),
  }
}

function noMatch(pattern: string, processes: readonly ProcessInfo[]): Problem {
  const isGroup = processes.some(({ group }) => group === pattern)
  const hint = isGroup ? ` (the group of that name is "${pattern}:*")` : ''
  return { subject: `pattern ${pattern}`, kind: 'absent', text: `no program matches "${pattern}"${hint}` }
}

function nothingSelected(total: number): Problem {
  const text = total === 0 ? 'supervisord has no programs' : `exclude leaves none of the ${total} programs`
  return { subject: 'selection', kind: 'absent', text }
}

/** Even if all programs with a problem were well, not enough would run. */
function tooFew(
  minRunning: number | null,
  running: number,
  possible: number,
  selected: number,
): Problem | null {
  if (minRunning === null || possible >= minRunning) return null
  const text =
    minRunning > selected
      ? `min_running is ${minRunning} but there ${selected === 1 ? 'is only 1 program' : `are only ${selected} programs`}`
      : `only ${running} running, at least ${minRunning} needed`
  return { subject: 'quorum', kind: 'too-few', text }
}

interface ProgramContext {
  readonly config: ProgramConfig | undefined
  readonly history: ProgramHistory | undefined
  readonly ownRestart: OwnRestart | undefined
  /** The last line that it wrote, where it is known and asked for. */
  readonly lastLine: string | undefined
  /** How a program stopped by hand is judged. */
  readonly stopped: 'down' | 'ok'
  /** How long the programs of this supervisord that are STOPPING may take; null when none is. */
  readonly othersStopMs: number | null
  readonly nowMs: number
}

/** States that a program gets into after a crash loop has ended. */
const AFTER_A_LOOP: ReadonlySet<ProcessState> = new Set(['FATAL', 'STOPPED', 'STOPPING'])

/** Judges one program by its state and by its history. */
function judgeProgram(info: ProcessInfo, context: ProgramContext): Problem | 'running' | IdleReason {
  const { config, history, lastLine, nowMs } = context
  const problem = (kind: ProblemKind, text: string, more: Partial<Problem> = {}): Problem => {
    const subject = fullName(info)
    return { subject, kind, text: `${displayName(subject)} ${text}`, isOfProgram: true, ...more }
  }
  const withLastLine = (cause: string): string =>
    lastLine === undefined ? cause : `${cause.replace(SEE_ITS_LOG, '')}: ${lastLine}`
  if (history?.isLooping === true && !AFTER_A_LOOP.has(info.state)) {
    return problem('crash-loop', withLastLine(describeLoop(history.restarts, nowMs)))
  }
  switch (info.state) {
    case 'RUNNING':
      return 'running'
    case 'STOPPED':
      return judgeStopped(info, context, problem)
    case 'EXITED': {
      if (isExpectedExit(info, config)) return 'exited as expected'
      const text = withLastLine(`EXITED unexpectedly: ${describeExit(info.exitstatus)}`)
      return problem('exited', text, { limitMs: times(config).limitMs, incident: info.start })
    }
    case 'FATAL':
      return problem('fatal', withLastLine(`FATAL: ${describeSpawnError(info.spawnerr)}`))
    case 'STARTING':
    case 'BACKOFF': {
      const failing = history?.failing ?? null
      if (failing === null)
        return problem('starting', 'STARTING', { ...times(config), showsAge: true, incident: info.start })
      // The next start after a failed one is no news: what it failed of is.
      const text = withLastLine(`BACKOFF: ${describeFailing(failing, nowMs)}`)
      return problem('backoff', text, { ...times(config), incident: failing.firstStart })
    }
    case 'STOPPING':
      return problem('stopping', 'STOPPING', { ...times(config), graceMs: stopMs(config), showsAge: true })
    case 'UNKNOWN':
      return problem('unknown', 'UNKNOWN: supervisord has lost track of it, restart it')
  }
}

function judgeStopped(
  info: ProcessInfo,
  { ownRestart, stopped, othersStopMs }: ProgramContext,
  problem: (kind: ProblemKind, text: string, more?: Partial<Problem>) => Problem,
): Problem | IdleReason {
  if (info.start === 0) return 'never started'
  if (ownRestart !== undefined && isStoppedByAgent(info, ownRestart)) {
    return problem('stopped', 'STOPPED by the agent for a restart')
  }
  if (stopped === 'ok') return 'stopped'
  // A restart of several programs stops all of them before it starts the first one again: it waits for the slowest.
  return othersStopMs === null
    ? problem('stopped', 'STOPPED by hand')
    : problem('waiting', 'STOPPED while others are STOPPING', { graceMs: othersStopMs })
}

// supervisord checks its programs once a second, and so may be late by that much.
const LATENESS_MS = 2_000
const DEFAULT_STOPWAITSECS = 10

/** A slow starter is given its `startsecs`; a graceful restart as long as stop and start may take together. */
function times(config: ProgramConfig | undefined): { graceMs: number; limitMs: number } {
  const startMs = Math.max((config?.startsecs ?? 0) * 1000 + LATENESS_MS, 10_000)
  return { graceMs: startMs, limitMs: startMs + stopMs(config) }
}

/** How long a stop may take. */
function stopMs(config: ProgramConfig | undefined): number {
  return (config?.stopwaitsecs ?? DEFAULT_STOPWAITSECS) * 1000 + LATENESS_MS
}

/** Beyond this only a single program that asks for more is waited for. */
const MAX_SHUTDOWN_SECONDS = 120

/**
 * How long supervisord may take to stop all of its programs: it stops one group after the other, and the programs of a
 * group together.
 * @see https://github.com/Supervisor/supervisor/blob/main/supervisor/supervisord.py
 */
function shutdownSeconds(
  processes: readonly ProcessInfo[],
  configOf: ReadonlyMap<string, ProgramConfig>,
): number {
  const slowest = new Map<string, number>()
  for (const info of processes) {
    const { group, pid } = info
    const seconds = pid === 0 ? 0 : (configOf.get(fullName(info))?.stopwaitsecs ?? DEFAULT_STOPWAITSECS)
    slowest.set(group, Math.max(slowest.get(group) ?? 0, seconds))
  }
  const groups = [...slowest.values()]
  const sum = groups.reduce((all, seconds) => all + seconds, 0)
  return Math.max(DEFAULT_STOPWAITSECS, Math.min(sum, MAX_SHUTDOWN_SECONDS), ...groups)
}

/** Returns `Exited too quickly, see its log`; after several starts, `Exited too quickly, 6 times in 30 s`. */
function describeFailing({ why, count, sinceMs }: FailingStarts, nowMs: number): string {
  if (count === 1) return describeSpawnError(why)
  const seconds = (nowMs - sinceMs) / 1000
  const span = seconds < 1 ? '' : ` in ${describeDuration(seconds)}`
  return `${describeSpawnError(why).replace(SEE_ITS_LOG, '')}, ${count} times${span}`
}

const SEE_ITS_LOG = /, see its log$/

function describeSpawnError(spawnerr: string | null): string {
  if (spawnerr === null || spawnerr === '') return 'supervisord does not say why'
  return spawnerr.replace(' (process log may have details)', ', see its log')
}
