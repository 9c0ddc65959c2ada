import type { PushAnswer, PushAnswerKind } from '../kuma/answers.ts'
import { MAX_OPEN_MS, type Pusher } from '../kuma/push.ts'
import type { Clock } from '../lib/clock.ts'
import { messageOf } from '../lib/errors.ts'
import type { Log } from '../lib/log.ts'
import type { Verdict } from '../rules/judge.ts'
import { composeMessage, type MessageContent } from '../rules/message.ts'
import { DeliveryLog } from './delivery-log.ts'
import { Missed, type MissedState } from './missed.ts'
import { OpenDown } from './open-down.ts'

/** A verdict that Kuma is to be told. */
export interface Announcement {
  readonly verdict: Verdict
  /** Once this is delivered, restarts up to this time have been told; null when it says nothing of them. */
  readonly restartsUntilMs: number | null
  /** Says the same without restarts that the heartbeat before has told of; null for an error of the agent. */
  readonly content: MessageContent | null
}

export type Outcome =
  /** Kuma has taken it, and knows more than before. */
  | 'news'
  /** Kuma has taken it, and knew the status before. */
  | 'repeat'
  /** A DOWN without an answer yet, which no other one follows. */
  | 'open'
  /** A newer one took its place, no try was left, or the agent stops. */
  | 'lost'

/** Kept from run to run. Times are wall clock in milliseconds, for people. */
export interface NotifierState {
  /** The name of the Kuma that the heartbeats went to: another one is told everything anew. */
  readonly kuma: string
  /** Null in the state file of an agent that kept none. */
  readonly missed: MissedState | null
  /** Null before the first try. */
  readonly delivery: Delivery | null
  /** When a DOWN began that Kuma has not answered yet, monotonic; null for none. */
  readonly openSinceMs: number | null
}

export interface Delivery {
  /** The last heartbeat that Kuma took; null when it took none. */
  readonly delivered: { readonly atMs: number; readonly status: 'up' | 'down' } | null
  /** The answer to the last try. */
  readonly answer: {
    readonly atMs: number
    /** Of `PushAnswer`; as text, since a state file of another version may have others. */
    readonly kind: string
    readonly says: string
  }
}

interface NotifierParts {
  /** The monitor's name, for the log. */
  readonly name: string
  /** The name of the Kuma. */
  readonly kuma: string
  readonly pusher: Pusher
  readonly clock: Clock
  readonly log: Log
  /** Null when nothing was kept of this monitor at this Kuma. */
  readonly state: NotifierState | null
}

interface Offer {
  readonly announcement: Announcement
  /** Only says once more what Kuma has accepted. */
  readonly isEcho: boolean
  readonly end: (outcome: Outcome) => void
}

/**
 * How long after the answer to an UP that follows a DOWN the same UP is sent again. Kuma goes on looking by itself while it is
 * told DOWN, and its "No heartbeat in the time window" overwrites an UP that comes within milliseconds of it.
 */
const ECHO_MS = 2000
const ECHO_SPREAD_MS = 1000
/** The kinds of answers after which Kuma has the heartbeat, or may have it. */
const MAY_BE_STORED: ReadonlySet<string> = new Set<PushAnswerKind>(['accepted', 'timeout', 'reset', 'busy'])

/** Delivers the verdicts of one monitor: the newest wins, and never two pushes are under way. */
export class Notifier {
  readonly #kuma: string
  readonly #pusher: Pusher
  readonly #clock: Clock
  readonly #log: DeliveryLog
  readonly #missed: Missed
  readonly #open: OpenDown
  readonly #stop = new AbortController()
  #delivery: Delivery | null
  /** The last one that was offered; null before the first. */
  #last: Announcement | null = null
  /** How many pushes there were. */
  #pushes = 0
  /** Not sent yet. */
  #newest: Offer | null = null
  #working: Promise<void> | null = null
  /** Ends the wait before the next push. */
  #waiting: AbortController | null = null
  /** Nothing is sent before this time. */
  #notBeforeMs = -Infinity
  #failingSinceMs: number | null = null
  /** Kuma has a DOWN, as far as is known, and has accepted no UP since. */
  #followsDown: boolean
  /** An UP to send once more; null when none is. */
  #echo: { readonly announcement: Announcement; readonly atMs: number } | null = null
  /** Restarts up to this time have been delivered; null before the first. */
  #restartsToldMs: number | null = null
  #isSettled = true
  /** True when it settled by being delivered. */
  #isDelivered = false
  #onSettled: ((isDelivered: boolean) => void)[] = []

  constructor({ name, kuma, pusher, clock, log, state }: NotifierParts) {
    this.#kuma = kuma
    this.#pusher = pusher
    this.#clock = clock
    this.#log = new DeliveryLog(name, log)
    this.#missed = new Missed(state?.missed ?? null)
    this.#delivery = state?.delivery ?? null
    const onOver = (): void => this.#sendPresent()
    this.#open = new OpenDown({ pusher, clock, stop: this.#stop.signal, onOver })
    const openSinceMs = state?.openSinceMs ?? null
    if (openSinceMs !== null) this.#open.begin(openSinceMs, null)
    const { toldStatus, turns } = this.#missed.state
    const isDownMissed = turns.some(({ status }) => status === 'down')
    this.#followsDown =
      toldStatus === 'down' || (isDownMissed && MAY_BE_STORED.has(this.#delivery?.answer.kind ?? ''))
  }

  get state(): NotifierState {
    return {
      kuma: this.#kuma,
      missed: this.#missed.state,
      delivery: this.#delivery,
      openSinceMs: this.#open.sinceMs,
    }
  }

  /**
   * Takes the place of whatever was not sent yet; goes out at once, or right after the push under way.
   * @returns resolves when it is delivered or lost, which may be long after `settled`
   */
  offer(announcement: Announcement): Promise<Outcome> {
    if (this.#isClosed()) return Promise.resolve('lost')
    this.#missed.note(announcement.verdict, Date.now())
    this.#last = announcement
    return new Promise((end) => {
      if (this.#newest !== null) this.#lose(this.#newest)
      this.#newest = { announcement, isEcho: false, end }
      this.#isSettled = false
      this.#waiting?.abort()
      this.#working ??= this.#work()
    })
  }

  /** Resolves when the newest is delivered, with true, or no try within seconds is left. */
  settled(): Promise<boolean> {
    if (this.#isSettled) return Promise.resolve(this.#isDelivered)
    return new Promise((resolve) => {
      this.#onSettled.push(resolve)
    })
  }

  /** Gives up what is under way and resolves when that has ended. */
  async close(): Promise<void> {
    this.#stop.abort()
    this.#waiting?.abort()
    await this.#working
    this.#newest?.end('lost')
    if (!this.#isSettled) this.#settle(false)
  }

  async #work(): Promise<void> {
    while ((this.#newest !== null || this.#echo !== null) && !this.#isClosed()) {
      if (this.#isHeld()) {
        this.#log.held(this.#clock.now() - (this.#open.sinceMs ?? 0))
        if (!this.#isSettled) this.#settle(false)
        await this.#wait(MAX_OPEN_MS)
        continue
      }
      const echoMs = this.#newest === null ? (this.#echo?.atMs ?? 0) : 0
      const waitMs = Math.max(this.#notBeforeMs, echoMs) - this.#clock.now()
      if (waitMs > 0) {
        await this.#wait(waitMs)
        continue
      }
      const offer = this.#takeNext()
      if (offer !== null) await this.#deliver(offer)
    }
    this.#working = null
  }

  /** Tells whether what is to be sent is a DOWN while another one is open. */
  #isHeld(): boolean {
    return this.#open.sinceMs !== null && this.#newest?.announcement.verdict.status === 'down'
  }

  /** Sends what holds now, once. */
  #sendPresent(): void {
    if (this.#isClosed() || this.#last === null) return
    this.#missed.note(this.#last.verdict, Date.now())
    this.#newest ??= { announcement: this.#last, isEcho: true, end: () => undefined }
    this.#waiting?.abort()
    this.#working ??= this.#work()
  }

  /** Returns what to send now: a newer heartbeat takes the place of an echo that is due, and of any when it is DOWN. */
  #takeNext(): Offer | null {
    const echo = this.#echo
    const offer =
      this.#newest ?? (echo && { announcement: echo.announcement, isEcho: true, end: () => undefined })
    if (offer?.announcement.verdict.status === 'down' || (echo?.atMs ?? 0) <= this.#clock.now()) {
      this.#echo = null
    }
    this.#newest = null
    return offer
  }

  /** Tries until it is accepted, hopeless, or there is something newer. */
  async #deliver(offer: Offer): Promise<void> {
    for (let attempts = 1; ; attempts += 1) {
      const startedMs = this.#clock.now()
      const answer = await this.#push(offer.announcement)
      if (this.#isClosed()) break
      if (answer.kind === 'accepted') {
        this.#accept(offer, answer)
        return
      }
      const nowMs = this.#clock.now()
      this.#failingSinceMs ??= nowMs
      this.#log.failed(answer, nowMs)
      if (answer.kind === 'timeout' && offer.announcement.verdict.status === 'down') {
        this.#leaveOpen(offer, startedMs, answer)
        return
      }
      const delay = retryDelay(answer, attempts, nowMs - this.#failingSinceMs, this.#clock.random())
      if (delay.anyMs > 0) this.#notBeforeMs = nowMs + delay.anyMs
      if (this.#hasNewer()) break
      if (!delay.isSoon) this.#settle(offer.isEcho)
      if (delay.ownMs === null) break
      await this.#wait(delay.ownMs)
      if (this.#hasNewer() || this.#isClosed()) break
    }
    this.#lose(offer)
  }

  #leaveOpen({ announcement, end }: Offer, startedMs: number, { late }: PushAnswer): void {
    const pushes = this.#pushes
    const answered = late?.catch(asAnswer).then((answer) => {
      if (answer.kind === 'accepted')
        this.#acceptLate(announcement, answer, startedMs, pushes === this.#pushes)
      return answer
    })
    this.#open.begin(startedMs, answered ?? null)
    end('open')
    if (!this.#hasNewer()) this.#settle(false)
  }

  /** @param isLast nothing was pushed since */
  #acceptLate(
    { restartsUntilMs }: Announcement,
    answer: PushAnswer,
    startedMs: number,
    isLast: boolean,
  ): void {
    if (this.#isClosed()) return
    const nowMs = this.#clock.now()
    this.#log.acceptedLate(nowMs - startedMs)
    if (isLast) this.#accepted('down', answer, restartsUntilMs)
    // Kuma has stored it after what was pushed meanwhile, and so over it.
    else this.#missed.toldLate()
    this.#followsDown = true
    // An UP was accepted meanwhile: nobody waits for this one any more.
    if (this.#open.sinceMs === null) this.#sendPresent()
  }

  async #push(announcement: Announcement): Promise<PushAnswer> {
    const { verdict, content } = announcement
    const { status, message, ping } = verdict
    const toldMs = this.#restartsToldMs
    const text = toldMs === null || content === null ? message : composeMessage(content, toldMs)
    this.#pushes += 1
    const heartbeat = { status, msg: this.#missed.tell(text, Date.now()), ping }
    const answer = await this.#pusher
      .push(heartbeat, this.#missed.isRepeat(status), this.#stop.signal)
      .catch(asAnswer)
    // The agent gave up because it stops: Kuma had no say.
    if (answer.kind === 'aborted') return answer
    if (status === 'down' && MAY_BE_STORED.has(answer.kind)) this.#followsDown = true
    if (status === 'up' && answer.kind === 'accepted') this.#planEcho(announcement, heartbeat.msg)
    const atMs = Date.now()
    const isAccepted = answer.kind === 'accepted'
    this.#delivery = {
      delivered: isAccepted ? { atMs, status } : (this.#delivery?.delivered ?? null),
      answer: { atMs, kind: answer.kind, says: answer.message },
    }
    return answer
  }

  #accept({ announcement: { verdict, restartsUntilMs }, end }: Offer, answer: PushAnswer): void {
    const isNews = this.#accepted(verdict.status, answer, restartsUntilMs)
    if (verdict.status === 'up') this.#open.end()
    end(isNews ? 'news' : 'repeat')
    if (!this.#hasNewer() && this.#echo === null) this.#settle(true)
  }

  /** Takes in that Kuma knows this now. Returns true when that changed what it knows. */
  #accepted(status: 'up' | 'down', answer: PushAnswer, restartsUntilMs: number | null): boolean {
    this.#failingSinceMs = null
    this.#log.accepted(answer, this.#clock.now())
    this.#restartsToldMs = restartsUntilMs ?? this.#restartsToldMs
    return this.#missed.told(status)
  }

  /**
   * Plans the echo of an UP that follows a DOWN: with the same message, or that of a newer UP without the restarts that it
   * has told.
   */
  #planEcho(announcement: Announcement, msg: string): void {
    if (this.#followsDown) {
      const verdict = { ...announcement.verdict, message: msg }
      const atMs = this.#clock.now() + ECHO_MS + ECHO_SPREAD_MS * this.#clock.random()
      this.#echo = { announcement: { verdict, restartsUntilMs: null, content: null }, atMs }
    } else if (this.#echo !== null) {
      this.#echo = { ...this.#echo, announcement }
    }
    this.#followsDown = false
  }

  #isClosed(): boolean {
    return this.#stop.signal.aborted
  }

  #hasNewer(): boolean {
    return this.#newest !== null
  }

  #lose({ end }: Offer): void {
    this.#log.missed()
    end('lost')
  }

  #settle(isDelivered: boolean): void {
    this.#isSettled = true
    this.#isDelivered = isDelivered
    for (const resolve of this.#onSettled) resolve(isDelivered)
    this.#onSettled = []
  }

  /** Ends early on `close` and on a newer offer. */
  async #wait(ms: number): Promise<void> {
    this.#waiting = new AbortController()
    await this.#clock.sleep(ms, this.#waiting.signal)
    this.#waiting = null
  }
}

/** A fault of ours is told like any other failure, so that the next heartbeat still gets its try. */
function asAnswer(error: unknown): PushAnswer {
  const message = `agent error while pushing: ${messageOf(error)}`
  return { kind: 'agent-error', retry: 'none', retryAfterMs: null, message }
}

interface RetryDelay {
  /** Before the same heartbeat is sent again; null: never. */
  readonly ownMs: number | null
  /** Before anything is sent to this monitor again, since Kuma's side asked for it. */
  readonly anyMs: number
  /** A try within seconds is ahead. */
  readonly isSoon: boolean
}

/** Before each further attempt, as long as there is haste. */
const QUICK_MS: Readonly<Record<PushAnswer['retry'], readonly number[]>> = {
  // An attempt without an answer has waited long enough.
  'at-once': [0],
  // Covers a restart of Kuma, which refuses connections for about 15 s.
  quick: [2000, 5000, 10_000],
  slow: [],
  none: [],
}
const SLOW_MS = 30_000
/** A Kuma that was away longer than this has given its alarm already: no more haste then, least of all by a whole fleet. */
const HASTE_MS = 120_000
/** More patience than this would make Kuma miss heartbeats. */
const MAX_RETRY_AFTER_MS = 60_000
const SOON_MS = 10_000

/**
 * @param attempts of this heartbeat so far, at least 1
 * @param failingForMs since the first failure of the series
 * @param random 0 to 1; spreads the attempts of many agents by a fifth to both sides
 */
function retryDelay(
  { retry, retryAfterMs }: PushAnswer,
  attempts: number,
  failingForMs: number,
  random: number,
): RetryDelay {
  const anyMs = Math.min(retryAfterMs ?? 0, MAX_RETRY_AFTER_MS)
  if (retry === 'none') return { ownMs: null, anyMs, isSoon: false }
  const quickMs = failingForMs < HASTE_MS ? QUICK_MS[retry][attempts - 1] : undefined
  const jitter = 0.8 + 0.4 * random
  const ownMs = Math.round(Math.max((quickMs ?? SLOW_MS) * jitter, anyMs))
  return { ownMs, anyMs, isSoon: quickMs !== undefined && anyMs <= SOON_MS }
}
