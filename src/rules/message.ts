import type { Seen } from './confirm.ts'
import { cut, describeDuration, MESSAGE_LIMIT, oneLine } from '../lib/text.ts'
import { PROBLEMS, WORST_FIRST } from './problems.ts'

/**
 * Puts the worst trouble first: `celery:worker_03 FATAL: … (+2 more) · 9 of 12 running`. Only the trouble's text is cut.
 * @param troubles at least one
 * @param doubt stands before a trouble that belongs to no start or stop and may yet be passing
 */
export function describeTroubles(troubles: readonly Seen[], facts: readonly string[], doubt = ''): string {
  const worst = troubles.reduce((one, other) => (rank(other) < rank(one) ? other : one))
  const others = troubles.length - 1
  const tail = oneLine([others > 0 ? `(+${others} more)` : '', ...facts.map((fact) => `· ${fact}`)].join(' '))
  const { says, showsAge, kind } = worst.candidate
  const age = showsAge === true && worst.forMs >= 1000 ? ` for ${describeDuration(worst.forMs / 1000)}` : ''
  const text = oneLine(`${PROBLEMS[kind].passing ? '' : doubt}${says}${age}`)
  if (tail === '') return cut(text, MESSAGE_LIMIT)
  return cut(`${cut(text, Math.max(MESSAGE_LIMIT - tail.length - 1, 80))} ${tail}`, MESSAGE_LIMIT)
}

function rank({ candidate }: Seen): number {
  return WORST_FIRST.indexOf(candidate.kind)
}

/** `12 of 12 running · supervisord up 3 d 4 h` */
export function describeFacts(facts: readonly string[]): string {
  return cut(oneLine(facts.join(' · ')), MESSAGE_LIMIT)
}
