import type { SupervisorTarget } from '../config/config.ts'
import type { SupervisorState } from '../collect/supervisor/rpc-reading.ts'
import { followPrograms } from './follow-programs.ts'
import { judgeMemory } from './judge-memory.ts'
import type { Snapshot } from '../collect/snapshot.ts'
import type { MonitorState } from './state.ts'
import type { Candidate } from './problems.ts'
import { judgeProgram, stopMs } from './programs.ts'
import { remember } from './remember.ts'
import { anyRestarts, type ProgramHistory } from './restarts.ts'
import { selectPrograms } from './select-programs.ts'

/** How the programs of one monitor stand in one look. */
export interface Count {
  /** Those it was counted by. */
  readonly rules: SupervisorTarget
  readonly selected: number
  readonly running: number
  /** Those that run, by `group:name`. */
  readonly up: readonly string[]
  /** Programs that do not run and need not, by the reason. */
  readonly idle: ReadonlyMap<string, number>
  readonly candidates: readonly Candidate[]
  /** Those of the candidates that a quorum may tolerate. */
  readonly ofPrograms: ReadonlySet<Candidate>
  readonly histories: ReadonlyMap<string, ProgramHistory>
}

interface Context extends Pick<Snapshot, 'memory' | 'stderr'>, Pick<MonitorState, 'ownRestarts'> {
  readonly nowMs: number
}

/** Judges every program that the monitor selects. */
export function countPrograms(
  state: SupervisorState,
  { memory, stderr }: Pick<Snapshot, 'memory' | 'stderr'>,
  rules: SupervisorTarget,
  before: MonitorState,
  nowMs: number,
): Count {
  const { processes, configs } = state
  const { ownRestarts } = before
  const { selected } = selectPrograms(processes, rules)
  const histories = followPrograms(selected, state, before, nowMs)
  const isPlain =
    memory.kind !== 'read' && stderr.size === 0 && ownRestarts.size === 0 && !anyRestarts(histories)
  return isPlain
    ? countAgain(rules, processes, configs, histories)
    : count(rules, processes, configs, histories, { memory, stderr, ownRestarts, nowMs })
}

/** Where nothing but the programs themselves decides: the same programs are not counted anew at each look. */
const countAgain = remember(
  (
    rules: SupervisorTarget,
    processes: SupervisorState['processes'],
    configs: SupervisorState['configs'],
    histories: Count['histories'],
  ) => count(rules, processes, configs, histories, NOTHING_ELSE),
)

const NOTHING_ELSE: Context = {
  memory: { kind: 'not-asked' },
  stderr: new Map(),
  ownRestarts: new Map(),
  nowMs: 0,
}

function count(
  rules: SupervisorTarget,
  processes: SupervisorState['processes'],
  configs: SupervisorState['configs'],
  histories: Count['histories'],
  { memory, stderr, ownRestarts, nowMs }: Context,
): Count {
  const { selected, unmatched } = selectPrograms(processes, rules)
  const configOf = new Map(configs?.map((config) => [`${config.group}:${config.name}`, config]))
  const idle = new Map<string, number>()
  const ofPrograms = new Set<Candidate>()
  const tooHeavy: Candidate[] = []
  const up: string[] = []
  const stopping = processes.filter((other) => other.state === 'STOPPING')
  const stops = stopping.map(({ group, name }) => stopMs(configOf.get(`${group}:${name}`)))
  const othersStopMs = stops.length === 0 ? null : Math.max(...stops)
  for (const info of selected) {
    const fullName = `${info.group}:${info.name}`
    const config = configOf.get(fullName)
    const standing = judgeProgram(info, {
      config,
      history: histories.get(fullName),
      ownRestart: ownRestarts.get(fullName),
      stderr: rules.stderrTail ? stderr.get(fullName) : undefined,
      rules,
      nowMs,
      othersStopMs,
    })
    tooHeavy.push(...judgeMemory(info, memory, rules.memoryBytes))
    if (standing.kind === 'running') up.push(fullName)
    else if (standing.kind === 'idle') idle.set(standing.why, (idle.get(standing.why) ?? 0) + 1)
    else ofPrograms.add(standing.candidate)
  }
  const running = up.length
  const groups = new Set(processes.map(({ group }) => group))
  const candidates = [
    ...ofPrograms,
    ...unmatched.map((pattern) => absent(pattern, groups)),
    ...(selected.length === 0 && unmatched.length === 0 ? [nothingSelected(processes.length)] : []),
    ...tooFew(rules.minRunning, running, running + ofPrograms.size, selected.length),
    ...tooHeavy,
  ]
  return { rules, selected: selected.length, running, up, idle, candidates, ofPrograms, histories }
}

function absent(pattern: string, groups: ReadonlySet<string>): Candidate {
  const hint = groups.has(pattern) ? ` (the group of that name is "${pattern}:*")` : ''
  return { subject: `pattern ${pattern}`, kind: 'absent', says: `no program matches "${pattern}"${hint}` }
}

function nothingSelected(total: number): Candidate {
  const says = total === 0 ? 'supervisord has no programs' : `exclude leaves none of the ${total} programs`
  return { subject: 'selection', kind: 'absent', says }
}

/** Even if all that look wrong were well, not enough would run. */
function tooFew(minRunning: number | null, running: number, possible: number, selected: number): Candidate[] {
  if (minRunning === null || possible >= minRunning) return []
  const says =
    minRunning > selected
      ? `min_running is ${minRunning} but there ${selected === 1 ? 'is only 1 program' : `are only ${selected} programs`}`
      : `only ${running} running, at least ${minRunning} needed`
  return [{ subject: 'quorum', kind: 'too-few', says }]
}
