import type { Clock } from './clock.ts'

/** Lets one loop sleep and others wake it; a ring while nobody sleeps is kept for the next sleep. */
export class Bell {
  #rung = false
  #wake: (() => void) | null = null

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
      const woken = new AbortController()
      this.#wake = () => woken.abort()
      await clock.sleep(ms, AbortSignal.any([signal, woken.signal]))
      this.#wake = null
    }
    const rung = this.#rung
    this.#rung = false
    return rung
  }
}
