import type { Snapshot } from '../collect/snapshot.ts'
import type { MonitorConfig } from '../config/config.ts'
import { cut, describeDuration, displayName, MESSAGE_LIMIT, oneLine } from '../lib/text.ts'
import { describeOwnRestarts, type OwnRestarts } from './own-restarts.ts'
import { type Problem, type ProblemKind, PROBLEMS, type TrackedProblem } from './problems.ts'
import type { Programs } from './programs.ts'
import { describeNews } from './restarts.ts'
import { describeUnit, isActive } from './units.ts'

/** The parts of a message. */
export interface MessageContent {
  readonly snapshot: Snapshot
  readonly settings: MonitorConfig['target']
  /** Null when supervisord was not asked or did not answer. */
  readonly programs: Programs | null
  /** How many programs there were when it last did; null when it never did. */
  readonly total: number | null
  /** All problems of the snapshot. */
  readonly problems: readonly Problem[]
  /** The problems to name: those that count, else those that are pending, else those that are tolerated; empty when all is well. */
  readonly named: readonly TrackedProblem[]
  /** Stands before a problem that may go away by itself; else empty. */
  readonly doubt: string
  /** `flaps: 4 times in 5 min`, which stands before the problem `flapText`; null where it does not flap. */
  readonly flaps: string | null
  readonly flapText: string
  /** Worth telling though nothing is wrong. */
  readonly note: string | null
  readonly ownRestarts: OwnRestarts
  readonly nowMs: number
}

/**
 * Puts the message together: the worst problem, how many programs run, and news. One line of at most 250 characters.
 * @param toldMs restarts up to this time have been told
 */
export function composeMessage(content: MessageContent, toldMs: number): string {
  const { snapshot, programs, named, total } = content
  const facts =
    programs === null
      ? factsWithoutPrograms(snapshot, total)
      : [describeCount(programs), ...describeRestarts(programs, content, toldMs)]
  const worst = worstOf(named)
  const head =
    content.flaps === null ? describeWorst(worst, content) : `${content.flaps}: ${content.flapText}`
  if (head === null)
    return cut(oneLine([...facts, ...notes(content), ...upTime(snapshot)].join(' · ')), MESSAGE_LIMIT)
  const others = named.filter((one) => one !== worst).map(({ problem }) => displayName(problem.subject))
  return joinProblems(oneLine(head), others.map(oneLine), facts)
}

/** Null when there is no problem. */
export function worstOf(problems: readonly TrackedProblem[]): TrackedProblem | null {
  const [first, ...others] = problems
  if (first === undefined) return null
  return others.reduce((one, other) => (rank(other) < rank(one) ? other : one), first)
}

function describeWorst(worst: TrackedProblem | null, { doubt }: MessageContent): string | null {
  if (worst === null) return null
  const { text, showsAge, kind } = worst.problem
  const age = showsAge === true && worst.forMs >= 1000 ? ` for ${describeDuration(worst.forMs / 1000)}` : ''
  return `${PROBLEMS[kind].passing ? '' : doubt}${text}${age}`
}

/**
 * Returns `celery:worker_03 FATAL: … (+2 more: web, mail) · 9 of 12 running`. Only the problem's text is cut, and the others
 * are named as far as there is room beside it.
 */
function joinProblems(head: string, others: readonly string[], facts: readonly string[]): string {
  const rest = facts.map((fact) => `· ${fact}`)
  const tailWith = (more: string): string => oneLine([more, ...rest].join(' '))
  const room = MESSAGE_LIMIT - head.length - tailWith('').length - 2
  const tail = tailWith(others.length === 0 ? '' : describeOthers(others, room))
  if (tail === '') return cut(head, MESSAGE_LIMIT)
  return cut(`${cut(head, Math.max(MESSAGE_LIMIT - tail.length - 1, 80))} ${tail}`, MESSAGE_LIMIT)
}

/** Returns `(+3 more: web, mail, …)`, at most so long where the number alone is not longer. */
function describeOthers(names: readonly string[], maxLength: number): string {
  const count = `+${names.length} more`
  const all = `(${count}: ${names.join(', ')})`
  if (all.length <= maxLength) return all
  for (let kept = names.length - 1; kept > 0; kept -= 1) {
    const some = `(${count}: ${names.slice(0, kept).join(', ')}, …)`
    if (some.length <= maxLength) return some
  }
  return `(${count})`
}

const WORST_FIRST = Object.keys(PROBLEMS)

function rank({ problem }: TrackedProblem): number {
  return WORST_FIRST.indexOf(problem.kind)
}

function describeCount({ running, total, idle }: Programs): string {
  const others = [...idle].map(([why, count]) => `, ${count} ${why}`)
  return `${running.length} of ${total} running${others.join('')}`
}

/** Returns the facts that are known when supervisord was not asked or did not answer. */
function factsWithoutPrograms({ unit, rpc }: Snapshot, total: number | null): string[] {
  if (unit.kind !== 'state') return []
  if (rpc.kind === 'not-asked') return isActive(unit.unit) ? [describeUnit(unit.unit)] : []
  // Not "0 running": with KillMode=process, as in Debian's unit, the programs outlive their supervisord.
  const isGone = !isActive(unit.unit) && unit.unit.activeState !== 'deactivating'
  return !isGone || total === null ? [] : [`${total} program${total === 1 ? '' : 's'} unsupervised`]
}

const TELLS_LAST_WORDS: ReadonlySet<ProblemKind> = new Set(['fatal', 'crash-loop', 'exited', 'backoff'])

/** Restarts by the agent, and by supervisord, that were not told yet. */
function describeRestarts(
  { histories, settings, supervisor }: Programs,
  { snapshot, problems, named, ownRestarts, nowMs }: MessageContent,
  toldMs: number,
): string[] {
  const offenders = new Set(problems.flatMap(({ remedy }) => remedy?.programs ?? []))
  // A message quotes a program once.
  const isQuoted = named.some(({ problem }) => TELLS_LAST_WORDS.has(problem.kind))
  const lastLines = settings.logTail && !isQuoted ? snapshot.lastLines : new Map<string, string>()
  const cooldownMs = settings.restartCooldownMs
  return [
    describeOwnRestarts(ownRestarts, { toldMs, offenders, cooldownMs, nowMs }),
    describeNews(histories, lastLines, supervisor.events !== null, toldMs, nowMs),
  ].filter((fact) => fact !== null)
}

function notes({ snapshot: { memory }, settings, note }: MessageContent): string[] {
  // A limit that is not checked must not seem to be kept.
  const isUnchecked =
    settings.kind === 'supervisor' && settings.memoryBytes !== null && memory.kind === 'failed'
  return [note, isUnchecked ? `memory limit not checked: ${memory.why}` : null].filter((one) => one !== null)
}

function upTime({ unit, rpc, upSeconds }: Snapshot): string[] {
  if (upSeconds === null) return []
  const isPlainUnit = rpc.kind === 'not-asked' && unit.kind === 'state'
  return [`${isPlainUnit ? '' : 'supervisord '}up ${describeDuration(upSeconds)}`]
}
