import type { MonitorConfig } from '../config/config.ts'
import type { Seen } from './confirm.ts'
import type { Count } from './count-programs.ts'
import { describeDuration } from '../lib/text.ts'
import { describeOwnRestarts } from './describe-own-restarts.ts'
import { describeNews } from './describe-restarts.ts'
import { describeUnit, isActive } from './describe-unit.ts'
import type { Snapshot } from '../collect/snapshot.ts'
import { describeFacts, describeTroubles } from './message.ts'
import type { OwnRestarts } from './own-restarts.ts'
import type { Candidate, ProblemKind } from './problems.ts'

/** What one message has to tell of. */
interface Story {
  readonly snapshot: Snapshot
  readonly rules: MonitorConfig['target']
  /** Null when supervisord was not asked or did not answer. */
  readonly programs: Count | null
  /** How many programs there were when it last did; null when it never did. */
  readonly total: number | null
  readonly candidates: readonly Candidate[]
  /** Those of one kind: what counts, else what may yet be passing, else what is tolerated; empty when all is well. */
  readonly troubles: readonly Seen[]
  /** Stands before a trouble that may yet be passing. */
  readonly doubt: string
  /** Worth telling though nothing is wrong. */
  readonly note: string | null
  readonly ownRestarts: OwnRestarts
  readonly nowMs: number
}

/**
 * Puts a verdict's message together: the worst trouble, how many run, and what is news.
 * @param toldMs restarts up to this time have been told
 */
export function composeMessage(story: Story, toldMs: number): string {
  const { snapshot, programs, troubles, doubt } = story
  const facts =
    programs === null
      ? factsWithoutPrograms(snapshot, story.total)
      : [describeCount(programs), ...news(programs, story, toldMs)]
  return troubles.length > 0
    ? describeTroubles(troubles, facts, doubt)
    : describeFacts([...facts, ...notes(story), ...upTime(snapshot)])
}

function describeCount({ running, selected, idle }: Count): string {
  const others = [...idle].map(([why, count]) => `, ${count} ${why}`)
  return `${running} of ${selected} running${others.join('')}`
}

/** What is known when supervisord was not asked or did not answer. */
function factsWithoutPrograms({ unit, rpc }: Snapshot, total: number | null): string[] {
  if (unit.kind !== 'state') return []
  if (rpc.kind === 'not-asked') return isActive(unit.unit) ? [describeUnit(unit.unit)] : []
  // Not "0 running": with KillMode=process, as in Debian's unit, the programs outlive their supervisord.
  const isGone = !isActive(unit.unit) && unit.unit.activeState !== 'deactivating'
  return !isGone || total === null ? [] : [`${total} program${total === 1 ? '' : 's'} unsupervised`]
}

const NOTHING: ReadonlyMap<string, string> = new Map()
const TELLS_LAST_WORDS: ReadonlySet<ProblemKind> = new Set(['fatal', 'crash-loop', 'exited', 'backoff'])

/** Restarts by the agent, and by supervisord, that were not told yet. */
function news(
  { histories, rules: { restartCooldownMs: cooldownMs, stderrTail } }: Count,
  { snapshot, candidates, troubles, ownRestarts, nowMs }: Story,
  toldMs: number,
): string[] {
  const offenders = new Set(candidates.flatMap(({ offence }) => offence?.programs ?? []))
  // Once in a message is enough.
  const isTold = troubles.some(({ candidate: { kind } }) => TELLS_LAST_WORDS.has(kind))
  const stderr = stderrTail && !isTold ? snapshot.stderr : NOTHING
  return [
    describeOwnRestarts(ownRestarts, { toldMs, offenders, cooldownMs, nowMs }),
    describeNews(histories, { toldMs, stderr, nowMs }),
  ].filter((fact) => fact !== null)
}

function notes({ snapshot: { memory }, rules, note }: Story): string[] {
  // A limit that is not watched must not look as if it were kept.
  const isUnchecked = rules.kind === 'supervisor' && rules.memoryBytes !== null && memory.kind === 'failed'
  return [note, isUnchecked ? `memory limit not checked: ${memory.why}` : null].filter((one) => one !== null)
}

function upTime({ unit, rpc, upSeconds }: Snapshot): string[] {
  if (upSeconds === null) return []
  const isPlainUnit = rpc.kind === 'not-asked' && unit.kind === 'state'
  return [`${isPlainUnit ? '' : 'supervisord '}up ${describeDuration(upSeconds)}`]
}
