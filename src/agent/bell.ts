import type { Clock } from '../lib/clock.ts'

/** Lets one loop sleep and others wake it; a ring while nobody sleeps is kept for the next sleep. */
export class Bell {
  #rung = false
  #wake: (() => void) | null = null
  #signal: AbortSignal | null = null
  readonly #onAbort = (): void => this.#wake?.()

  ring(): void {
    this.#rung = true
    this.#wake?.()
  }

  /** Forgets a ring that was kept. */
  hush(): void {
    this.#rung = false
  }

  /** Resolves when it rings, after the time, or when aborted; true when it rang. */
  async sleep(clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
    if (!this.#rung && ms > 0 && !signal.aborted) {
      // Not AbortSignal.any: a signal that lives as long as the agent keeps something of each one made from it.
      const woken = new AbortController()
      const wake = () => woken.abort()
      this.#wake = wake
      this.#listen(signal)
      await clock.sleep(ms, woken.signal)
      this.#wake = null
    }
    const rung = this.#rung
    this.#rung = false
    return rung
  }

  /** Once for all sleeps: a signal goes through all of its listeners to add or to remove one, and has one of each monitor. */
  #listen(signal: AbortSignal): void {
    if (this.#signal === signal) return
    this.#signal?.removeEventListener('abort', this.#onAbort)
    signal.addEventListener('abort', this.#onAbort)
    this.#signal = signal
  }
}
