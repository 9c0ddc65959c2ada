import { describeDuration } from './describe-duration.ts'
import { displayName } from './display-name.ts'
import { LOOP_RESTARTS, type ProgramHistory } from './restarts.ts'

/** `crash loop: 4 restarts in 42 s (exit 1)`; while it may be over: `crash loop: last restart 3 min ago (exit 1)`. */
export function describeLoop({ restarts }: ProgramHistory, nowMs: number): string {
  const why = describeWhy(restarts)
  if (restarts.length < LOOP_RESTARTS) return `crash loop: last restart ${ago(restarts.at(-1), nowMs)}${why}`
  const spanMs = nowMs - (restarts[0]?.atMs ?? nowMs)
  // One look may have found them all.
  const span = spanMs < 1000 ? '' : ` in ${describeDuration(spanMs / 1000)}`
  return `crash loop: ${restarts.length} restarts${span}${why}`
}

function ago(restart: Restart | undefined, nowMs: number): string {
  const ageMs = nowMs - (restart?.atMs ?? nowMs)
  return ageMs < 1000 ? 'just now' : `${describeDuration(ageMs / 1000)} ago`
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
    .filter(([, { state, isLooping }]) => !isLooping && CAME_BACK.has(state))
    .map(([name, { restarts }]) => ({ name, restarts: restarts.filter(({ atMs }) => atMs > sinceMs) }))
    .filter(({ restarts }) => restarts.length > 0)
    .toSorted((a, b) => (b.restarts.at(-1)?.atMs ?? 0) - (a.restarts.at(-1)?.atMs ?? 0))
  const [newest] = news
  if (newest === undefined) return null
  const { name, restarts } = newest
  const more = news.length > 1 ? ` (+${news.length - 1} more)` : ''
  return `${displayName(name)} restarted ${restarts.length}×${describeWhy(restarts)} ${ago(restarts.at(-1), nowMs)}${more}`
}

type Restart = ProgramHistory['restarts'][number]

const CAME_BACK: ReadonlySet<ProgramHistory['state']> = new Set(['STARTING', 'RUNNING'])

/** The last cause that is known. */
function describeWhy(restarts: readonly Restart[]): string {
  const why = restarts.findLast((restart) => restart.why !== null)?.why
  return why === undefined || why === null ? '' : ` (${why})`
}
