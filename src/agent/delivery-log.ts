import type { PushAnswer, PushAnswerKind } from '../kuma/answers.ts'
import type { Log } from '../lib/log.ts'

const MINUTE_MS = 60_000
/** How long a kind of failure stays unmentioned while it lasts. */
const REMINDER_MS = 60 * MINUTE_MS
/** How long it stays unmentioned after it went away, as where a network flaps. */
const FLAPPING_MS = 10 * MINUTE_MS

/** Keeps the log of one monitor's delivery short: the first failure of each kind, a reminder every hour, the recovery. */
export class DeliveryLog {
  readonly #name: string
  readonly #log: Log
  readonly #loggedAtMs = new Map<PushAnswerKind, number>()
  /** The kinds that the failure of now was logged with. */
  readonly #logged = new Set<PushAnswerKind>()
  #isFirst = true
  #failingSinceMs: number | null = null
  #missedCount = 0

  constructor(name: string, log: Log) {
    this.#name = name
    this.#log = log
  }

  /** @param nowMs monotonic, here and below */
  accepted({ message }: PushAnswer, nowMs: number): void {
    if (this.#failingSinceMs !== null && this.#logged.size > 0) {
      const failed = describeSpan(nowMs - this.#failingSinceMs)
      this.#log.info(`${this.#name}: delivered again after ${failed}, ${this.#missed()} not delivered`)
    } else if (this.#failingSinceMs === null && this.#isFirst) {
      this.#log.info(`delivered the first heartbeat of ${this.#name}: ${message}`)
    }
    this.#isFirst = false
    this.#failingSinceMs = null
    this.#missedCount = 0
    this.#logged.clear()
  }

  failed({ kind, message }: PushAnswer, nowMs: number): void {
    this.#failingSinceMs ??= nowMs
    const isReminder = this.#logged.has(kind)
    const agoMs = nowMs - (this.#loggedAtMs.get(kind) ?? -Infinity)
    if (agoMs < (isReminder ? REMINDER_MS : FLAPPING_MS)) return
    this.#loggedAtMs.set(kind, nowMs)
    this.#logged.add(kind)
    const since = isReminder
      ? `, for ${describeSpan(nowMs - this.#failingSinceMs)} now, ${this.#missed()} not delivered`
      : ''
    this.#log.warn(`not delivered: ${this.#name}: ${message}${since}`)
  }

  /** Counts a heartbeat that was given up, or whose place a newer one took. */
  missed(): void {
    if (this.#failingSinceMs !== null) this.#missedCount += 1
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
