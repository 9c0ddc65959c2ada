import { formatDuration } from '../lib/duration.ts'
import { messageOf } from '../lib/errors.ts'
import { quote } from '../lib/quote.ts'
import type { AgentConfig, Config, KumaConfig } from './config.ts'

/** How often heartbeats go out. */
export interface Rhythm {
  /** The longest time between two of them, in milliseconds. */
  readonly everyMs: number
  /** `push_every 24s`, or the schedule with its longest gap. */
  readonly name: string
  /** False for a schedule. */
  readonly isPeriod: boolean
}

export async function rhythmOf({ schedule, pushEveryMs }: AgentConfig): Promise<Rhythm> {
  if (schedule === null) {
    return { everyMs: pushEveryMs, name: `push_every ${formatDuration(pushEveryMs)}`, isPeriod: true }
  }
  const everyMs = await longestGap(schedule)
  const name = `schedule "${schedule}", with up to ${formatDuration(everyMs)} between two heartbeats`
  return { everyMs, name, isPeriod: false }
}

/** Describes when heartbeats go out: `every 24s`. */
export function describePushes({ pushEveryMs, schedule }: AgentConfig): string {
  return schedule === null ? `every ${formatDuration(pushEveryMs)}` : `by the schedule "${schedule}"`
}

/** Returns what is wrong with a schedule, in words that follow its place; null for a cron expression that has a next time. */
export async function whyNoSchedule(schedule: string): Promise<string | null> {
  // cron loads luxon, which nobody without a schedule should wait for.
  const { CronTime } = await import('cron')
  try {
    new CronTime(schedule).sendAt()
    return null
  } catch (error) {
    const cause = messageOf(error).split('\n')[0] ?? ''
    return /No execution date/.test(cause)
      ? `never comes in the next 8 years, got ${quote(schedule)}`
      : `must be a cron expression such as "*/5 * * * *", got ${quote(schedule)} (${cause})`
  }
}

/** Covers the nights and the weekend of most schedules. */
const MAX_GAPS = 200
const MAX_HORIZON_MS = 400 * 86_400_000

/** Returns the longest time between two of the next times of a cron expression, in milliseconds. */
export async function longestGap(schedule: string): Promise<number> {
  const { CronTime } = await import('cron')
  const times = new CronTime(schedule)
  const first = times.sendAt().toMillis()
  let at = first
  let longest = 0
  for (let count = 0; count < MAX_GAPS && at - first < MAX_HORIZON_MS; count += 1) {
    const next = times.getNextDateFrom(new Date(at)).toMillis()
    longest = Math.max(longest, next - at)
    at = next
  }
  return longest
}

/** Kuma gives its alarm this long after a heartbeat and the interval (measured, 1.23.17 and 2.5.3). */
const ALARM_MARGIN_MS = 1000
/** A heartbeat this near to Kuma's own check meets it sooner or later. */
const TOO_NEAR_MS = 2000
/** Between shorter periods no check of Kuma's is far from a heartbeat. */
const MIN_RESONANT_PERIOD_MS = 4000
const MAX_RESONANT_PERIODS = 6
/** The versions of Kuma before 2.1 take no shorter interval. */
const MIN_OLD_INTERVAL_MS = 20_000
/** With this share, a lost heartbeat leaves a whole further one before the alarm, which falls midway between two. */
const BEST_SHARE = 0.4

/**
 * Returns why heartbeats and the interval of their monitor in Kuma cannot work together, with numbers that would; null
 * when they can.
 * @param label begins the sentence: `config.toml:9: monitor[1].kuma_interval`
 */
export function checkInterval(label: string, intervalMs: number, rhythm: Rhythm): string | null {
  const cause = whyNoInterval(intervalMs, rhythm.everyMs)
  if (cause === null) return null
  const period = rhythm.isPeriod ? `set push_every = "${formatDuration(bestPeriodMs(intervalMs))}", or ` : ''
  const seconds = bestIntervalSeconds(rhythm.everyMs)
  const version = seconds * 1000 < MIN_OLD_INTERVAL_MS ? ' (Kuma 2.1 or newer)' : ''
  return (
    `${label} ${formatDuration(intervalMs)} does not go with ${rhythm.name}: ${cause}; ` +
    `${period}set Heartbeat Interval ${seconds} in Kuma${version} and kuma_interval = "${formatDuration(seconds * 1000)}"`
  )
}

/** Returns the Heartbeat Interval, in seconds, that goes with heartbeats this often. */
export function bestIntervalSeconds(everyMs: number): number {
  return Math.ceil(everyMs / BEST_SHARE / 1000)
}

/** Returns one like that which every version of Kuma takes, and at which no heartbeat meets Kuma's own check. */
export function safeIntervalSeconds(everyMs: number): number {
  let seconds = Math.max(bestIntervalSeconds(everyMs), MIN_OLD_INTERVAL_MS / 1000)
  while (whyNoInterval(seconds * 1000, everyMs) !== null) seconds += 1
  return seconds
}

function bestPeriodMs(intervalMs: number): number {
  const ms = BEST_SHARE * intervalMs
  return ms >= 5000 ? Math.round(ms / 1000) * 1000 : Math.max(Math.round(ms), 1000)
}

function whyNoInterval(intervalMs: number, everyMs: number): string | null {
  const nearMs = Math.min(TOO_NEAR_MS, everyMs / 4)
  const alarmSeconds = (intervalMs + ALARM_MARGIN_MS) / 1000
  const alarm = `Kuma gives its alarm ${alarmSeconds} s after a heartbeat`
  if (everyMs >= intervalMs + ALARM_MARGIN_MS + nearMs) return `${alarm}, before the next one comes`
  if (everyMs > intervalMs - nearMs) return `${alarm}, and the next one races with it`
  if (2 * everyMs > intervalMs - nearMs) return `${alarm}, so that one lost heartbeat is a false alarm`
  // Kuma checks once an interval has passed since a heartbeat: at a multiple of the period, another one comes then. With
  // more heartbeats than that to one check, hardly any of them is a change that could be lost.
  if (everyMs < MIN_RESONANT_PERIOD_MS || intervalMs > MAX_RESONANT_PERIODS * everyMs) return null
  const beforeMs = intervalMs % everyMs
  const afterMs = everyMs - beforeMs - ALARM_MARGIN_MS
  return beforeMs < nearMs || afterMs < nearMs
    ? 'heartbeats come at the moment in which Kuma looks for itself, where it has lost alarms'
    : null
}

/** Kuma 2 answers only after it has sent its notifications. */
const MAX_TIMEOUT_MS = 25_000
/** A push that times out then leaves the next one its time before Kuma's alarm, 2.5 periods after the last. */
const TIMEOUT_PERIODS = 1.25
/** A push without an answer can then be tried again before the next heartbeat is due. */
const REPEAT_TIMEOUT_PERIODS = 0.5
/** The next heartbeat must have arrived before Kuma's alarm, and not only have left. */
const TRAVEL_MS = 2000

/**
 * Returns how long one push may take: `timeoutMs` for one that brings news, `repeatTimeoutMs` for one that repeats what
 * Kuma knows, which it answers soon because it notifies nobody.
 * @param givenMs the configured timeout of a push that brings news; null is the default
 */
export function pushTimeouts(
  givenMs: number | null,
  everyMs: number,
): Pick<KumaConfig, 'timeoutMs' | 'repeatTimeoutMs'> {
  const timeoutMs = givenMs ?? Math.min(MAX_TIMEOUT_MS, Math.round(TIMEOUT_PERIODS * everyMs))
  const repeatMs = Math.max(1000, Math.round(REPEAT_TIMEOUT_PERIODS * everyMs))
  return { timeoutMs, repeatTimeoutMs: Math.min(timeoutMs, repeatMs) }
}

/**
 * Returns a warning for each Kuma whose `timeout` does not go with the heartbeats, with a number that would: a push that
 * brings news and gets no answer holds up the next one.
 */
export function checkTimeouts(
  { kumas, monitors }: Pick<Config, 'kumas' | 'monitors'>,
  { everyMs, name: rhythm }: Rhythm,
): string[] {
  return kumas.flatMap(({ name, timeoutMs }) => {
    const intervals = monitors
      .filter(({ push }) => push?.kuma === name)
      .map(({ kumaIntervalMs }) => kumaIntervalMs ?? bestIntervalSeconds(everyMs) * 1000)
    const intervalMs = Math.min(...intervals)
    const alarmMs = intervalMs + ALARM_MARGIN_MS
    const longestMs = alarmMs - everyMs - Math.min(TRAVEL_MS, everyMs / 4)
    if (timeoutMs <= longestMs) return []
    const bestMs = Math.min(MAX_TIMEOUT_MS, longestMs)
    const unitMs = bestMs >= 5000 ? 1000 : 100
    const best = formatDuration(Math.floor(bestMs / unitMs) * unitMs)
    const of = kumas.length > 1 ? ` of "${name}"` : ''
    return (
      `kuma.timeout ${formatDuration(timeoutMs)}${of} does not go with ${rhythm}: a heartbeat without an answer would ` +
      `hold up the next one until ${(everyMs + timeoutMs) / 1000} s after the last that arrived, and Kuma gives its ` +
      `alarm after ${alarmMs / 1000} s (Heartbeat Interval ${intervalMs / 1000}); set timeout = "${best}" under [kuma]`
    )
  })
}
