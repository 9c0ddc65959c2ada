import type { Clock } from '../lib/clock.ts'

/** Lets one loop wait and others wake it. A notification while nobody waits is kept for the next wait. */
export class Wake {
  #isNotified = false
  #interrupt: (() => void) | null = null

  notify(): void {
    this.#isNotified = true
    this.#interrupt?.()
  }

  /** Forgets a notification that was kept. */
  clear(): void {
    this.#isNotified = false
  }

  /** Resolves when it is notified, after the time, or when aborted; true when it was notified. */
  async wait(clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
    if (!this.#isNotified && ms > 0 && !signal.aborted) {
      // Not AbortSignal.any: a signal that lives as long as the agent keeps something of each one made from it.
      const interrupted = new AbortController()
      const interrupt = (): void => interrupted.abort()
      this.#interrupt = interrupt
      signal.addEventListener('abort', interrupt, { once: true })
      await clock.sleep(ms, interrupted.signal)
      signal.removeEventListener('abort', interrupt)
      this.#interrupt = null
    }
    const wasNotified = this.#isNotified
    this.#isNotified = false
    return wasNotified
  }
}
