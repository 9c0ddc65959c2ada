import type { Seen } from './confirm.ts'
import { describeDuration } from './describe-duration.ts'
import { cut, MESSAGE_LIMIT, oneLine } from './one-line.ts'
import { PROBLEMS, WORST_FIRST } from './problems.ts'

/**
 * Puts the worst trouble first: `celery:worker_03 FATAL: … (+2 more) · 9 of 12 running`. Only the trouble's text is cut.
 * @param doubt stands before a trouble that belongs to no start or stop and may yet be passing
 */
export function describeTroubles(troubles: readonly Seen[], facts: readonly string[], doubt = ''): string {
  const [worst, ...others] = troubles.toSorted(
    (a, b) => WORST_FIRST.indexOf(a.candidate.kind) - WORST_FIRST.indexOf(b.candidate.kind),
  )
  if (worst === undefined) return describeFacts(facts)
  const tail = oneLine(
    [others.length > 0 ? `(+${others.length} more)` : '', ...facts.map((fact) => `· ${fact}`)].join(' '),
  )
  const { says, showsAge, kind } = worst.candidate
  const age = showsAge === true && worst.forMs >= 1000 ? ` for ${describeDuration(worst.forMs / 1000)}` : ''
  const text = oneLine(`${PROBLEMS[kind].passing ? '' : doubt}${says}${age}`)
  if (tail === '') return cut(text, MESSAGE_LIMIT)
  return cut(`${cut(text, Math.max(MESSAGE_LIMIT - tail.length - 1, 80))} ${tail}`, MESSAGE_LIMIT)
}

/** `12 of 12 running · supervisord up 3 d 4 h` */
export function describeFacts(facts: readonly string[]): string {
  return cut(oneLine(facts.join(' · ')), MESSAGE_LIMIT)
}
