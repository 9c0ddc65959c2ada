import type { PushAnswer } from '../kuma/answers.ts'
import { MAX_OPEN_MS, type Pusher } from '../kuma/push.ts'
import type { Clock } from '../lib/clock.ts'

const PROBE_EVERY_MS = 20_000

interface OpenDownParts {
  readonly pusher: Pick<Pusher, 'isThere'>
  readonly clock: Clock
  readonly stop: AbortSignal
  /** Called when another DOWN may be sent, unless an UP was accepted. */
  readonly onOver: () => void
}

/**
 * A DOWN that Kuma has not answered in time. Kuma 2 stores it after its notifications, so that every other DOWN in that time
 * would alert again: none is sent before this one is answered, an UP is accepted, or five minutes are over. Kuma's entry page
 * tells a slow notification from a connection that is dead: when Kuma was away meanwhile, the DOWN is lost.
 */
export class OpenDown {
  readonly #parts: OpenDownParts
  #sinceMs: number | null = null
  /** Ends the watch over the one that is open. */
  #over = new AbortController()
  /** Ends the wait before the next probe. */
  #nap = new AbortController()

  constructor(parts: OpenDownParts) {
    this.#parts = parts
  }

  /** When the request began, monotonic; null when none is open. */
  get sinceMs(): number | null {
    return this.#sinceMs
  }

  /** @param late its answer, if the connection is open still */
  begin(sinceMs: number, late: Promise<PushAnswer> | null): void {
    this.end()
    this.#sinceMs = sinceMs
    this.#over = new AbortController()
    const over = AbortSignal.any([this.#over.signal, this.#parts.stop])
    void this.#watch(sinceMs, over)
    if (late !== null) void late.then((answer) => this.#answered(answer, over))
  }

  /** Takes in that an UP was accepted. */
  end(): void {
    this.#sinceMs = null
    this.#over.abort()
  }

  #answered({ kind }: PushAnswer, over: AbortSignal): void {
    if (over.aborted || kind === 'timeout') return
    // A proxy may have ended the connection, or Kuma itself, which then has nothing of it.
    if (kind === 'reset') this.#nap.abort()
    else this.#finish()
  }

  async #watch(sinceMs: number, over: AbortSignal): Promise<void> {
    const { pusher, clock } = this.#parts
    const isOver = (): boolean => over.aborted
    let isLost = false
    while (!isOver()) {
      const leftMs = sinceMs + MAX_OPEN_MS - clock.now()
      if (leftMs <= 0) {
        this.#finish()
        return
      }
      this.#nap = new AbortController()
      await clock.sleep(Math.min(PROBE_EVERY_MS, leftMs), AbortSignal.any([over, this.#nap.signal]))
      if (isOver()) return
      // A fault of ours says nothing of Kuma.
      const isThere = await pusher.isThere(over).catch(() => true)
      if (!isThere) isLost = true
      else if (isLost && !isOver()) this.#finish()
    }
  }

  #finish(): void {
    this.end()
    this.#parts.onOver()
  }
}
