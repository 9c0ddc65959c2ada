import { describeDuration } from '../lib/text.ts'

/**
 * supervisord has one thread, which answers one question at a time and does nothing else meanwhile. All of our questions
 * together take no more than this share of its time, and the regular checks no more than the second.
 */
const SHARE_OF_SUPERVISORD = 0.05
const SHARE_OF_CHECKS = 0.04

/** A slow supervisord is checked at least this often: a verdict must not grow old. */
const MAX_PERIOD_MS = 60_000
/** How many checks may follow one another at once when something happens: so many, or as many as take so long. */
const BURST_CHECKS = 8
const BURST_MS = 500
/** Stands for no answer, which costs nothing. */
const MIN_COST_MS = 0.1
/** How much another period must differ to be logged, and how long after the last line: it may go to and fro. */
const LOGGED_FACTOR = 1.5
const LOG_GAP_MS = 600_000

/** From a wake to its check: a death notifies several times, and systemd takes notice some milliseconds later than others. */
const GATHER_MS = 10
/** Between the beginnings of two checks that were woken for; doubles up to the second while wakes go on and on. */
const GAP_MS = 50
const MAX_GAP_MS = 1_000
/** The rest after a long check is as long as the check, up to this. */
const MAX_REST_MS = 5_000

/** Between two checks while something is pending. */
const MIN_RECHECK_MS = 50
const MAX_RECHECK_MS = 2_000
/** A problem that has just begun may end at once; one that has lasted long hardly ends in this moment. */
const RECHECK_SHARE_OF_AGE = 0.1

/**
 * Decides when one target is checked next. Told of the beginning and the end of every check, in monotonic milliseconds.
 *
 * Checks lie on a grid of `check_every`, so that a late one moves no later one. They are rarer where supervisord is slow to
 * answer (with a thousand programs it needs 1.5 s for one), and sooner while something is pending: after a tenth of the time
 * that it has been so, or when it is due to be confirmed. A supervisord that does not answer in time works on at the questions
 * that were given up, so each further one waits twice as long, up to a minute.
 */
export class Pacing {
  readonly #wantedMs: number
  readonly #gridMs: number
  #startedMs: number
  #endedMs: number
  #answersMs: readonly [number, number] = [0, 0]
  /** How many checks supervisord's time is free for, and when that was so. */
  #credit = Infinity
  #creditedMs = 0
  #pendingSinceMs: number | null = null
  #recheckMs = Infinity
  #gapMs = GAP_MS
  #loggedMs: number
  #newsMs = -Infinity
  /** How many questions in a row were not answered in time. */
  #timeouts = 0

  /** @param wantedMs `check_every` */
  constructor(wantedMs: number, nowMs: number) {
    this.#wantedMs = wantedMs
    this.#gridMs = nowMs
    this.#startedMs = nowMs
    this.#endedMs = nowMs
    this.#loggedMs = wantedMs
  }

  begin(nowMs: number): void {
    this.#startedMs = nowMs
  }

  /**
   * @param answerMs how long supervisord took to answer; null when it was not asked or did not
   * @param pendingMs how soon something that is pending may be confirmed; null when nothing is pending, and Infinity when no
   *   check can tell
   * @param isTimeout true when supervisord did not answer in time
   */
  end(answerMs: number | null, pendingMs: number | null, nowMs: number, isTimeout = false): void {
    this.#endedMs = nowMs
    this.#timeouts = isTimeout ? this.#timeouts + 1 : 0
    if (answerMs !== null) {
      this.#answersMs = [this.#answersMs[1], answerMs]
      this.#credit = this.#creditAt(nowMs) - 1
      this.#creditedMs = nowMs
    }
    this.#recheckMs = this.#recheckAfter(answerMs ?? 0, pendingMs)
  }

  /** From one regular check to the next. */
  get everyMs(): number {
    return Math.max(this.#wantedMs, Math.min(this.#costMs / SHARE_OF_CHECKS, MAX_PERIOD_MS))
  }

  /** Why `everyMs` is not what was wanted; null when it is. */
  get reason(): string | null {
    if (this.everyMs === this.#wantedMs) return null
    return `supervisord takes ${(this.#costMs / 1000).toFixed(1)} s to answer`
  }

  /** supervisord may be another one: the questions that the last one left unanswered hold up none. */
  forgetTimeouts(): void {
    this.#timeouts = 0
  }

  /** How long supervisord is left alone after it has not answered in time; 0 when it has. */
  get backoffMs(): number {
    if (this.#timeouts === 0) return 0
    const checkMs = this.#endedMs - this.#startedMs
    return Math.min(checkMs * 2 ** (this.#timeouts - 1), MAX_PERIOD_MS)
  }

  /** How long after the last check something that is pending wants another one; Infinity when nothing is. */
  get recheckMs(): number {
    return this.#recheckMs
  }

  /** How long to wait for the next check where nothing wakes the target. */
  nextDelay(nowMs: number): number {
    const every = Math.floor((this.#startedMs - this.#gridMs) / this.#wantedMs) + 1
    const regularMs = Math.max(
      this.#gridMs + every * this.#wantedMs,
      this.#startedMs + this.everyMs,
      this.backoffMs === 0 ? 0 : this.#endedMs + this.backoffMs,
    )
    const pendingMs = this.#endedMs + Math.max(this.#recheckMs, this.#restMs)
    return Math.min(regularMs, pendingMs) - nowMs
  }

  /**
   * How long to gather more wakes before the check that the first one asks for; 0 where nothing woke the target. What notifies
   * later may have happened after that check looked, and gets one more.
   */
  gatherDelay(isWoken: boolean, nowMs: number): number {
    const pauseMs = Math.max(this.#startedMs + this.#gapMs, this.#endedMs + this.#restMs) - nowMs
    this.#gapMs = isWoken && pauseMs > 0 ? Math.min(this.#gapMs * 2, MAX_GAP_MS) : GAP_MS
    return isWoken ? Math.max(pauseMs, GATHER_MS) : 0
  }

  /** One line for the log, once, when the period has become clearly another one for long; else null. */
  news(): string | null {
    const { everyMs, reason } = this
    const isNews =
      reason === null
        ? this.#loggedMs !== this.#wantedMs
        : everyMs > this.#loggedMs * LOGGED_FACTOR || everyMs * LOGGED_FACTOR < this.#loggedMs
    if (!isNews || this.#endedMs - this.#newsMs < LOG_GAP_MS) return null
    this.#newsMs = this.#endedMs
    this.#loggedMs = everyMs
    const every = `a check every ${describeDuration(everyMs / 1000)}`
    if (reason === null) return `${every} again`
    return `${reason}: ${every} instead of ${describeDuration(this.#wantedMs / 1000)}, to leave it its time`
  }

  /** The time that a check takes of supervisord: the shorter of the last two, since one may be slow for a reason of its own. */
  get #costMs(): number {
    return Math.max(Math.min(...this.#answersMs), MIN_COST_MS)
  }

  /** How long supervisord is left alone after the last check, whatever happens. */
  get #restMs(): number {
    const missing = Math.max(0, 1 - this.#creditAt(this.#endedMs))
    const paidMs = Math.min((missing * this.#costMs) / SHARE_OF_SUPERVISORD, this.everyMs)
    return Math.max(Math.min(this.#endedMs - this.#startedMs, MAX_REST_MS), paidMs, this.backoffMs)
  }

  #creditAt(nowMs: number): number {
    const refill = ((nowMs - this.#creditedMs) * SHARE_OF_SUPERVISORD) / this.#costMs
    return Math.min(this.#credit + refill, Math.max(BURST_CHECKS, BURST_MS / this.#costMs))
  }

  #recheckAfter(answerMs: number, pendingMs: number | null): number {
    if (pendingMs === null) {
      this.#pendingSinceMs = null
      return Infinity
    }
    this.#pendingSinceMs ??= this.#endedMs
    const ageMs = this.#endedMs - this.#pendingSinceMs
    const soonMs = Math.min(MAX_RECHECK_MS, RECHECK_SHARE_OF_AGE * ageMs)
    const nextMs = Math.max(MIN_RECHECK_MS, soonMs, answerMs / SHARE_OF_SUPERVISORD)
    // One shortly before something is due would be for nothing.
    return nextMs + MIN_RECHECK_MS < pendingMs ? nextMs : Math.max(MIN_RECHECK_MS, pendingMs)
  }
}

/** When the heartbeats of one monitor are due, in monotonic milliseconds. */
export interface Period {
  /** From one to the next; Infinity where that is not always the same. */
  readonly everyMs: number
  /** The first time after `nowMs`. */
  next(nowMs: number): number
  /** Counts afresh from `nowMs`, when one went out ahead of its time. */
  restart(nowMs: number): void
}

/** A grid that never drifts: a late heartbeat moves no later one, and those that were missed are not made up for. */
export class GridPeriod implements Period {
  readonly everyMs: number
  #gridMs: number

  constructor(everyMs: number, firstMs: number) {
    this.everyMs = everyMs
    this.#gridMs = firstMs
  }

  next(nowMs: number): number {
    if (nowMs < this.#gridMs) return this.#gridMs
    return this.#gridMs + (Math.floor((nowMs - this.#gridMs) / this.everyMs) + 1) * this.everyMs
  }

  restart(nowMs: number): void {
    this.#gridMs = nowMs + this.everyMs
  }
}

/** The times of a cron expression, which news do not move. */
export class CronPeriod implements Period {
  readonly everyMs = Infinity
  readonly #msUntilNext: () => number

  /** @param msUntilNext milliseconds to the next time; a change of the date changes it */
  constructor(msUntilNext: () => number) {
    this.#msUntilNext = msUntilNext
  }

  next(nowMs: number): number {
    return nowMs + this.#msUntilNext()
  }

  restart(): void {}
}
