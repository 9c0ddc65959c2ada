import { setImmediate as turn } from 'node:timers/promises'
import type { Clock } from '../../src/lib/clock.ts'

interface Sleeper {
  readonly untilMs: number
  readonly wake: () => void
}

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
  #nowMs = 1_000_000
  #sleepers: Sleeper[] = []
  chance = 0.5

  now(): number {
    return this.#nowMs
  }

  /** How many sleep. */
  get sleeping(): number {
    return this.#sleepers.length
  }

  random(): number {
    return this.chance
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (ms <= 0 || signal.aborted) {
        resolve()
        return
      }
      const sleeper = { untilMs: this.#nowMs + ms, wake: resolve }
      this.#sleepers.push(sleeper)
      signal.addEventListener('abort', () => {
        this.#sleepers = this.#sleepers.filter((one) => one !== sleeper)
        resolve()
      })
    })
  }

  /** Moves on, waking every sleeper at its own time and letting it work before the next. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms
    await settle()
    for (;;) {
      const next = this.#sleepers.toSorted((a, b) => a.untilMs - b.untilMs)[0]
      if (next === undefined || next.untilMs > untilMs) break
      this.#nowMs = Math.max(this.#nowMs, next.untilMs)
      this.#sleepers = this.#sleepers.filter((one) => one !== next)
      next.wake()
      await settle()
    }
    this.#nowMs = untilMs
  }

  /** Lets time pass without anybody waking at the right moment, as when the host was asleep. */
  jump(ms: number): void {
    this.#nowMs += ms
  }
}

async function settle(): Promise<void> {
  for (let turns = 0; turns < 5; turns += 1) await turn()
}
