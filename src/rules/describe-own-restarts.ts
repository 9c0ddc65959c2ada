import { describeDuration, displayName } from '../lib/text.ts'
import { type OwnRestart, type OwnRestarts, rememberMs } from './own-restarts.ts'

interface Context {
  /** Restarts that ended up to this time have been told. */
  readonly toldMs: number
  /** The programs that are in trouble now. */
  readonly offenders: ReadonlySet<string>
  readonly cooldownMs: number
  readonly nowMs: number
}

/**
 * `restarting worker`, `restarted worker 4 s ago (2nd time in 1 h; it used 612 MB, limit 512 MB)`: what the agent did
 * last, as long as it is news or its trouble goes on; null when there is nothing to tell.
 */
export function describeOwnRestarts(own: OwnRestarts, context: Context): string | null {
  const { toldMs, offenders } = context
  const news = [...own]
    .filter(([name, entry]) => offenders.has(name) || isNews(entry, toldMs))
    .toSorted(([, a], [, b]) => b.begunMs - a.begunMs)
  const [newest] = news
  if (newest === undefined) return null
  const [name, entry] = newest
  const others = news.filter(([, other]) => other.begunMs === entry.begunMs).length - 1
  const names = `${displayName(name)}${others > 0 ? ` (+${others} more)` : ''}`
  if (entry.failure !== null) return `restarting ${names} failed: ${entry.failure}`
  return entry.endedMs === null
    ? `restarting ${names}`
    : describeDone(names, entry, offenders.has(name), context)
}

/** A message that the program is on its way is not the news that it is back. */
function isNews({ endedMs, backMs, failure, leftStopped }: OwnRestart, toldMs: number): boolean {
  if (endedMs === null || leftStopped) return true
  if (failure !== null) return endedMs > toldMs
  return backMs === null || backMs > toldMs
}

function describeDone(
  names: string,
  entry: OwnRestart,
  goesOn: boolean,
  { cooldownMs, nowMs }: Context,
): string {
  const { begunMs, earlierMs, why } = entry
  const age = describeDuration((nowMs - begunMs) / 1000)
  const count = `${ordinal(earlierMs.length + 1)} time in ${describeDuration(rememberMs(cooldownMs) / 1000)}`
  if (!goesOn) return `restarted ${names} ${age} ago (${count}; ${why})`
  const waitMs = Math.max(0, begunMs + cooldownMs - nowMs)
  return `restarted ${names} ${age} ago (${count}), again in ${describeDuration(waitMs / 1000)} at the earliest`
}

function ordinal(count: number): string {
  const isTeen = count % 100 >= 11 && count % 100 <= 13
  return `${count}${(isTeen ? undefined : ['th', 'st', 'nd', 'rd'][count % 10]) ?? 'th'}`
}
