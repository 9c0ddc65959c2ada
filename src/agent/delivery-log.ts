import type { Log } from '../lib/log.ts'
import type { PushAnswer, PushAnswerKind } from '../kuma/push-answer.ts'

const MINUTE_MS = 60_000
/** How long a kind of failure stays unmentioned: while it lasts, and after it went away (a network that flaps). */
const REMINDER_MS = 60 * MINUTE_MS
const FLAPPING_MS = 10 * MINUTE_MS

/** Keeps the log of one monitor's delivery short: the first failure of each kind, a reminder every hour, the recovery. */
export interface DeliveryLog {
  accepted(answer: PushAnswer): void
  failed(answer: PushAnswer): void
  /** A heartbeat was given up, or a newer one took its place, without being delivered. */
  missed(): void
}

/** `now` is monotonic, in milliseconds. */
export function createDeliveryLog(name: string, log: Log, now: () => number): DeliveryLog {
  const loggedAt = new Map<PushAnswerKind, number>()
  const told = new Set<PushAnswerKind>()
  let everAccepted = false
  let failingSince: number | null = null
  let missed = 0

  return {
    accepted(answer) {
      if (failingSince !== null) {
        if (told.size > 0) {
          log.info(
            `${name}: delivered again after ${span(now() - failingSince)}, ${count(missed)} not delivered`,
          )
        }
        failingSince = null
        missed = 0
        told.clear()
      } else if (!everAccepted) {
        log.info(`delivered the first heartbeat of ${name}: ${answer.says}`)
      }
      everAccepted = true
    },
    failed(answer) {
      failingSince ??= now()
      const before = loggedAt.get(answer.kind) ?? -Infinity
      const reminder = told.has(answer.kind)
      if (now() - before < (reminder ? REMINDER_MS : FLAPPING_MS)) return
      loggedAt.set(answer.kind, now())
      told.add(answer.kind)
      const since = reminder ? `, for ${span(now() - failingSince)} now, ${count(missed)} not delivered` : ''
      log.warn(`not delivered: ${name}: ${answer.says}${since}`)
    },
    missed() {
      if (failingSince !== null) missed += 1
    },
  }
}

function count(heartbeats: number): string {
  return heartbeats === 1 ? '1 heartbeat' : `${heartbeats} heartbeats`
}

function span(ms: number): string {
  const seconds = Math.round(ms / 1000)
  if (seconds < 120) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`
}
