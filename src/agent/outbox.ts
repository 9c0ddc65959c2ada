import { messageOf } from '../lib/errors.ts'
import type { Log } from '../lib/log.ts'
import { createDeliveryLog } from './delivery-log.ts'
import type { Heartbeat } from './heartbeat.ts'
import type { PushAnswer } from '../kuma/push-answer.ts'
import { retryDelay } from './retry-delay.ts'

/** What became of the last heartbeat that was tried. */
interface Delivery<H> {
  readonly heartbeat: H
  readonly answer: PushAnswer
  /** At least 1. */
  readonly attempts: number
}

export interface OutboxOptions<H extends Heartbeat> {
  /** The monitor's name, for the log. */
  readonly name: string
  readonly push: (heartbeat: H, signal: AbortSignal) => Promise<PushAnswer>
  /** Called with each heartbeat that Kuma has accepted. */
  readonly onDelivered: (heartbeat: H) => void
  /** Resolves after the time; resolves or rejects early when aborted. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<unknown>
  /** 0 to 1. */
  readonly random: () => number
  /** Monotonic milliseconds. */
  readonly now: () => number
  readonly log: Log
}

/** Delivers the heartbeats of one monitor: the newest wins, and never two are under way. */
export interface Outbox<H extends Heartbeat> {
  /** Takes the place of whatever was not sent yet; goes out at once, or right after the push under way. */
  offer(heartbeat: H): void
  /** Resolves when the newest heartbeat is delivered or no quick try is left; null when nothing was ever tried. */
  settled(): Promise<Delivery<H> | null>
  readonly last: Delivery<H> | null
  /** Gives up what is under way and resolves when that has ended. */
  close(): Promise<void>
}

/** Starts nothing before the first `offer`. */
export function createOutbox<H extends Heartbeat>(options: OutboxOptions<H>): Outbox<H> {
  const { name, push, onDelivered, sleep, random, now, log } = options
  const deliveryLog = createDeliveryLog(name, log, now)
  const stop = new AbortController()
  const closed = () => stop.signal.aborted
  let newest: H | null = null
  let last: Delivery<H> | null = null
  let failingSince: number | null = null
  /** Nothing is sent before this time. */
  let notBefore = -Infinity
  let working: Promise<void> | null = null
  let nap: AbortController | null = null
  let settled = true
  let waiters: ((delivery: Delivery<H> | null) => void)[] = []

  const hasNewer = () => newest !== null

  function settle() {
    settled = true
    for (const resolve of waiters) resolve(last)
    waiters = []
  }

  /** Ends early on `close` and on a newer heartbeat. */
  async function pause(ms: number) {
    const { signal } = (nap = new AbortController())
    try {
      await sleep(ms, signal)
    } catch (error) {
      if (!signal.aborted) throw error
    } finally {
      nap = null
    }
  }

  async function work() {
    try {
      while (newest !== null && !closed()) {
        const wait = notBefore - now()
        if (wait > 0) {
          await pause(wait)
        } else {
          const heartbeat = newest
          newest = null
          if (!(await deliver(heartbeat))) deliveryLog.missed()
        }
      }
    } catch (error) {
      // Whoever waits must not wait for ever; the fault itself is for the process to tell.
      settle()
      throw error
    } finally {
      working = null
    }
  }

  /** Tries until it is accepted, hopeless, or there is something newer. */
  async function deliver(heartbeat: H): Promise<boolean> {
    for (let attempts = 1; ; attempts += 1) {
      const answer = await attempt(heartbeat)
      if (closed()) return false
      last = { heartbeat, answer, attempts }
      if (answer.kind === 'accepted') {
        failingSince = null
        deliveryLog.accepted(answer)
        onDelivered(heartbeat)
        if (!hasNewer()) settle()
        return true
      }
      failingSince ??= now()
      deliveryLog.failed(answer)
      const delay = retryDelay(answer, attempts, now() - failingSince, random())
      if (delay.anyMs > 0) notBefore = now() + delay.anyMs
      if (hasNewer()) return false
      if (!delay.soon) settle()
      if (delay.ownMs === null) return false
      await pause(delay.ownMs)
      if (hasNewer() || closed()) return false
    }
  }

  async function attempt(heartbeat: H): Promise<PushAnswer> {
    try {
      return await push(heartbeat, stop.signal)
    } catch (error) {
      // A fault of ours: told like any other failure, so that the next heartbeat still gets its try.
      const says = `agent error while pushing: ${messageOf(error)}`
      return { kind: 'agent-error', retry: 'none', retryAfterMs: null, says }
    }
  }

  return {
    offer(heartbeat) {
      if (closed()) return
      if (newest !== null) deliveryLog.missed()
      newest = heartbeat
      settled = false
      nap?.abort()
      working ??= work()
    },
    settled() {
      if (settled) return Promise.resolve(last)
      return new Promise((resolve) => {
        waiters.push(resolve)
      })
    },
    get last() {
      return last
    },
    async close() {
      stop.abort()
      nap?.abort()
      await working
      settle()
    },
  }
}
