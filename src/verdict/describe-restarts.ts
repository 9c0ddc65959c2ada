import { describeDuration } from './describe-duration.ts'
import { displayName } from './display-name.ts'
import type { ProgramHistory } from './restarts.ts'

/** `crash loop: 4 restarts in 42 s (exit 1)` */
export function describeLoop({ restarts }: ProgramHistory, nowMs: number): string {
  const span = describeDuration((nowMs - (restarts[0]?.atMs ?? nowMs)) / 1000)
  return `crash loop: ${times(restarts.length)} in ${span}${describeWhy(restarts)}`
}

/**
 * `worker restarted 2× (exit 1) 20 s ago (+3 more)`: programs that died and came back after `sinceMs`, the newest first;
 * null when there is none. A crash loop is no news but a trouble.
 */
export function describeNews(
  histories: ReadonlyMap<string, ProgramHistory>,
  sinceMs: number,
  nowMs: number,
): string | null {
  const news = [...histories]
    .filter(([, { isLooping }]) => !isLooping)
    .map(([name, { restarts }]) => ({ name, restarts: restarts.filter(({ atMs }) => atMs > sinceMs) }))
    .filter(({ restarts }) => restarts.length > 0)
    .toSorted((a, b) => (b.restarts.at(-1)?.atMs ?? 0) - (a.restarts.at(-1)?.atMs ?? 0))
  const [newest] = news
  if (newest === undefined) return null
  const { name, restarts } = newest
  const age = describeDuration((nowMs - (restarts.at(-1)?.atMs ?? nowMs)) / 1000)
  const more = news.length > 1 ? ` (+${news.length - 1} more)` : ''
  return `${displayName(name)} restarted ${restarts.length}×${describeWhy(restarts)} ${age} ago${more}`
}

function times(count: number): string {
  return `${count} restart${count === 1 ? '' : 's'}`
}

/** The last cause that is known. */
function describeWhy(restarts: ProgramHistory['restarts']): string {
  const why = restarts.findLast((restart) => restart.why !== null)?.why
  return why === undefined || why === null ? '' : ` (${why})`
}
