import type { PushAnswer, PushAnswerKind } from '../kuma/answers.ts'
import type { Log } from '../lib/log.ts'

const MINUTE_MS = 60_000
/** How long a kind of failure stays unmentioned while it lasts. */
const REMINDER_MS = 60 * MINUTE_MS
/** How long a failure that is short stays unmentioned after one of its kind was logged, as where a network flaps. */
const FLAPPING_MS = 10 * MINUTE_MS
/** A failure that lasts this long is no short one. */
const SHORT_MS = MINUTE_MS

/**
 * Keeps the log of one monitor's delivery short: the first failure of each kind, a reminder every hour, the recovery. Short
 * failures soon after one that was logged are counted, and told with the next line.
 */
export class DeliveryLog {
  readonly #name: string
  readonly #log: Log
  readonly #loggedAtMs = new Map<PushAnswerKind, number>()
  /** The kinds that the failure of now was logged with. */
  readonly #logged = new Set<PushAnswerKind>()
  #isFirst = true
  #isHeld = false
  #failingSinceMs: number | null = null
  #missedCount = 0
  /** The last failure of now. */
  #failure: PushAnswer | null = null
  /** The short failures that no line has told of yet. */
  #short: { readonly sinceMs: number; readonly count: number; readonly message: string } | null = null

  constructor(name: string, log: Log) {
    this.#name = name
    this.#log = log
  }

  /** @param nowMs monotonic, here and below */
  accepted({ message }: PushAnswer, nowMs: number): void {
    this.#end(message, nowMs)
    this.#isFirst = false
    this.#isHeld = false
    this.#failingSinceMs = null
    this.#failure = null
    this.#missedCount = 0
    this.#logged.clear()
    if (this.#short === null || nowMs - this.#short.sinceMs < FLAPPING_MS) return
    const { message: failure } = this.#short
    this.#log.warn(`not delivered: ${this.#name}: ${failure}${this.#takeShort(nowMs)}`)
  }

  failed(answer: PushAnswer, nowMs: number): void {
    const { kind, message } = answer
    this.#failingSinceMs ??= nowMs
    this.#failure = answer
    const isReminder = this.#logged.has(kind)
    const agoMs = nowMs - (this.#loggedAtMs.get(kind) ?? -Infinity)
    const isShort = nowMs - this.#failingSinceMs < SHORT_MS
    if (isReminder ? agoMs < REMINDER_MS : isShort && agoMs < FLAPPING_MS) return
    this.#loggedAtMs.set(kind, nowMs)
    this.#logged.add(kind)
    const since = isReminder
      ? `, for ${describeSpan(nowMs - this.#failingSinceMs)} now, ${this.#missed()} not delivered`
      : ''
    this.#log.warn(`not delivered: ${this.#name}: ${message}${since}${this.#takeShort(nowMs)}`)
  }

  /** A DOWN waits, since the one of so long ago is not answered yet. */
  held(openMs: number): void {
    if (this.#isHeld) return
    this.#isHeld = true
    this.#log.warn(
      `not delivered: ${this.#name}: Kuma has not answered the DOWN of ${describeSpan(openMs)} ago yet, and another one would alert again`,
    )
  }

  /** Kuma has answered a DOWN that was left open. */
  acceptedLate(tookMs: number): void {
    this.#isHeld = false
    this.#log.warn(
      `${this.#name}: Kuma answered a DOWN after ${describeSpan(tookMs)}: a notification provider is that slow; test it in Kuma`,
    )
  }

  /** Counts a heartbeat that was given up, or whose place a newer one took. */
  missed(): void {
    if (this.#failingSinceMs !== null) this.#missedCount += 1
  }

  /** Tells the end of a failure, one that no line has told of yet included. */
  #end(message: string, nowMs: number): void {
    if (this.#failingSinceMs === null) {
      if (this.#isFirst) this.#log.info(`delivered the first heartbeat of ${this.#name}: ${message}`)
      return
    }
    const failedMs = nowMs - this.#failingSinceMs
    if (this.#logged.size === 0 && this.#failure !== null) {
      if (failedMs < SHORT_MS) {
        const { sinceMs = this.#failingSinceMs, count = 0 } = this.#short ?? {}
        this.#short = { sinceMs, count: count + 1, message: this.#failure.message }
        return
      }
      this.#loggedAtMs.set(this.#failure.kind, nowMs)
      this.#log.warn(`not delivered: ${this.#name}: ${this.#failure.message}${this.#takeShort(nowMs)}`)
    }
    const failed = describeSpan(failedMs)
    this.#log.info(`${this.#name}: delivered again after ${failed}, ${this.#missed()} not delivered`)
  }

  /** Returns ` (3 times for a short while in the last 10 min)`, once; nothing where there were none. */
  #takeShort(nowMs: number): string {
    if (this.#short === null) return ''
    const { sinceMs, count } = this.#short
    this.#short = null
    return ` (${count === 1 ? 'once' : `${count} times`} for a short while in the last ${describeSpan(nowMs - sinceMs)})`
  }

  #missed(): string {
    return this.#missedCount === 1 ? '1 heartbeat' : `${this.#missedCount} heartbeats`
  }
}

function describeSpan(ms: number): string {
  const seconds = Math.round(ms / 1000)
  if (seconds < 120) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`
}
