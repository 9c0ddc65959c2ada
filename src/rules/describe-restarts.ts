import { describeDuration, displayName } from '../lib/text.ts'
import { anyRestarts, LOOP_RESTARTS, restartsThatCount, type ProgramHistory } from './restarts.ts'

/** `crash loop: 4 restarts in 42 s (exit 1)`; while it may be over: `crash loop: last restart 3 min ago (exit 1)`. */
export function describeLoop(history: Pick<ProgramHistory, 'restarts'>, nowMs: number): string {
  const restarts = restartsThatCount(history.restarts, nowMs)
  const why = describeWhy(restarts)
  const times = restarts.map(({ atMs }) => atMs)
  if (restarts.length < LOOP_RESTARTS)
    return `crash loop: last restart ${ago(Math.max(...times), nowMs)}${why}`
  const spanMs = nowMs - Math.min(...times)
  // One look may have found them all.
  const span = spanMs < 1000 ? '' : ` in ${describeDuration(spanMs / 1000)}`
  return `crash loop: ${restarts.length} restarts${span}${why}`
}

function ago(atMs: number, nowMs: number): string {
  const ageMs = nowMs - atMs
  return ageMs < 1000 ? 'just now' : `${describeDuration(ageMs / 1000)} ago`
}

interface NewsContext {
  /** Restarts up to this time have been told. */
  readonly toldMs: number
  /** The last line of stderr of programs that failed, by `group:name`. */
  readonly stderr: ReadonlyMap<string, string>
  readonly nowMs: number
}

/**
 * `worker restarted 2× (exit 1) 20 s ago (+3 more)`: programs that died and came back and that was not told yet, the newest first;
 * null when there is none. A crash loop is no news but a trouble.
 */
export function describeNews(
  histories: ReadonlyMap<string, ProgramHistory>,
  { toldMs, stderr, nowMs }: NewsContext,
): string | null {
  if (!anyRestarts(histories)) return null
  const news = [...histories]
    .filter(([, { state, isLooping }]) => !isLooping && CAME_BACK.has(state))
    .map(([name, { restarts }]) => ({ name, restarts: restarts.filter(({ atMs }) => atMs > toldMs) }))
    .filter(({ restarts }) => restarts.length > 0)
    .map(({ name, restarts }) => ({ name, restarts, atMs: Math.max(...restarts.map(({ atMs }) => atMs)) }))
    .toSorted((a, b) => b.atMs - a.atMs)
  const [newest] = news
  if (newest === undefined) return null
  const { name, restarts, atMs } = newest
  const more = news.length > 1 ? ` (+${news.length - 1} more)` : ''
  const lastWords = stderr.get(name)
  const words = lastWords === undefined ? '' : `; stderr: ${lastWords}`
  return `${displayName(name)} restarted ${restarts.length}×${describeWhy(restarts)} ${ago(atMs, nowMs)}${more}${words}`
}

/** Whether `describeNews` has something to tell that came after `sinceMs`. */
export function hasNews(histories: ReadonlyMap<string, ProgramHistory>, sinceMs: number): boolean {
  if (!anyRestarts(histories)) return false
  return [...histories.values()].some(
    ({ state, isLooping, restarts }) =>
      !isLooping && CAME_BACK.has(state) && restarts.some(({ atMs }) => atMs > sinceMs),
  )
}

/** Whether `describeNews` has nothing left to tell later: a program that has not come back yet is told when it has. */
export function areNewsTold(histories: ReadonlyMap<string, ProgramHistory>, sinceMs: number): boolean {
  if (!anyRestarts(histories)) return true
  return [...histories.values()].every(
    ({ state, isLooping, restarts }) =>
      isLooping || CAME_BACK.has(state) || restarts.every(({ atMs }) => atMs <= sinceMs),
  )
}

type Restart = ProgramHistory['restarts'][number]

const CAME_BACK: ReadonlySet<ProgramHistory['state']> = new Set(['STARTING', 'RUNNING'])

/** The last cause that is known. */
function describeWhy(restarts: readonly Restart[]): string {
  const why = restarts.map((restart) => restart.why).findLast((known) => known !== null)
  return why === undefined ? '' : ` (${why})`
}
