import type { ProcessInfo, ProcessState, ProgramConfig } from '../collect/supervisor/process-info.ts'
import { displayName } from '../lib/text.ts'
import { describeLoop } from './describe-restarts.ts'
import { isStoppedByAgent, type OwnRestart } from './own-restarts.ts'
import type { Candidate, ProblemKind } from './problems.ts'
import type { ProgramHistory } from './restarts.ts'

/** How one program stands in one look. */
export type ProgramStanding =
  | { readonly kind: 'running' }
  /** Does not run and need not. */
  | { readonly kind: 'idle'; readonly why: 'never started' | 'exited as expected' | 'stopped' }
  | { readonly kind: 'suspect'; readonly candidate: Candidate }

interface Surroundings {
  readonly config: ProgramConfig | undefined
  readonly history: ProgramHistory | undefined
  readonly ownRestart: OwnRestart | undefined
  /** The last line of its stderr, where it is known and asked for. */
  readonly stderr: string | undefined
  readonly rules: { readonly stopped: 'down' | 'ok' }
  readonly nowMs: number
  /** How long the programs of this supervisord that are STOPPING may take; null when none is. */
  readonly othersStopMs: number | null
}

/** Judges one program by its state and by what it has been through. */
export function judgeProgram(
  info: ProcessInfo,
  { config, history, ownRestart, stderr, rules, nowMs, othersStopMs }: Surroundings,
): ProgramStanding {
  const fullName = `${info.group}:${info.name}`
  const suspect = (kind: ProblemKind, says: string, more: Partial<Candidate> = {}): ProgramStanding => ({
    kind: 'suspect',
    candidate: { subject: fullName, kind, says: `${displayName(fullName)} ${says}`, ...more },
  })
  const lastWords = stderr === undefined ? '' : `; stderr: ${stderr}`
  if (history?.isLooping === true && !SAYS_MORE_THAN_A_LOOP.has(info.state)) {
    return suspect('crash-loop', `${describeLoop(history, nowMs)}${lastWords}`)
  }
  switch (info.state) {
    case 'RUNNING':
      return { kind: 'running' }
    case 'STOPPED':
      if (info.start === 0) return { kind: 'idle', why: 'never started' }
      if (ownRestart !== undefined && isStoppedByAgent(info, ownRestart)) {
        return suspect('stopped', 'STOPPED by the agent for a restart')
      }
      if (rules.stopped === 'ok') return { kind: 'idle', why: 'stopped' }
      // A restart of several stops them all before it starts the first one again: it waits for the slowest.
      return othersStopMs === null
        ? suspect('stopped', 'STOPPED by hand')
        : suspect('waiting', 'STOPPED while others are STOPPING', { graceMs: othersStopMs })
    case 'EXITED':
      return isExpectedExit(info, config)
        ? { kind: 'idle', why: 'exited as expected' }
        : suspect('exited', `EXITED unexpectedly: ${describeExit(info.exitstatus)}${lastWords}`, {
            limitMs: times(config).limitMs,
            incident: info.start,
          })
    case 'FATAL':
      return suspect('fatal', `FATAL: ${describeSpawnError(info.spawnerr)}${lastWords}`)
    case 'STARTING':
      return suspect('starting', 'STARTING', { ...times(config), showsAge: true, incident: info.start })
    case 'BACKOFF':
      return suspect('backoff', `BACKOFF: ${describeSpawnError(info.spawnerr)}${lastWords}`, times(config))
    case 'STOPPING':
      return suspect('stopping', 'STOPPING', { ...times(config), graceMs: stopMs(config), showsAge: true })
    case 'UNKNOWN':
      return suspect('unknown', 'UNKNOWN: supervisord has lost track of it, restart it')
  }
}

/** States that come after a crash loop has ended. */
const SAYS_MORE_THAN_A_LOOP: ReadonlySet<ProcessState> = new Set(['FATAL', 'STOPPED', 'STOPPING'])

// supervisord looks at its programs once a second, and so may be late by that much.
const LATENESS_MS = 2_000
const DEFAULT_STOPWAITSECS = 10

/** A slow starter is given its `startsecs`; a graceful restart as long as stop and start may take together. */
function times(config: ProgramConfig | undefined): { graceMs: number; limitMs: number } {
  const startMs = Math.max((config?.startsecs ?? 0) * 1000 + LATENESS_MS, 10_000)
  return { graceMs: startMs, limitMs: startMs + stopMs(config) }
}

/** How long a stop may take. */
export function stopMs(config: ProgramConfig | undefined): number {
  return (config?.stopwaitsecs ?? DEFAULT_STOPWAITSECS) * 1000 + LATENESS_MS
}

/**
 * Three sources, in order: what supervisord wrote of the exit, the configured exit codes, the plain exit status.
 * @see https://github.com/Supervisor/supervisor/issues/763
 */
function isExpectedExit({ spawnerr, exitstatus }: ProcessInfo, config: ProgramConfig | undefined): boolean {
  if (spawnerr !== null) return spawnerr === ''
  if (config !== undefined) return config.exitcodes.includes(exitstatus)
  return exitstatus === 0
}

function describeExit(exitstatus: number): string {
  return exitstatus < 0 ? 'killed by a signal' : `exit ${exitstatus}`
}

function describeSpawnError(spawnerr: string | null): string {
  if (spawnerr === null || spawnerr === '') return 'supervisord does not say why'
  return spawnerr.replace(' (process log may have details)', ', see its log')
}
