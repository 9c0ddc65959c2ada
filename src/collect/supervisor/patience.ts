/** An answer may take so many times what the last one took. */
const FACTOR = 4
/** The configurations are larger than the states: so many times, in supervisord's own time. */
const CONFIGS_FACTOR = 8
/** A check must come to its end before its verdict grows old. */
const LONGEST_MS = 30_000

/**
 * How long one supervisord may take to answer: as the configuration says, or longer where it is large and therefore slow.
 * One that hangs does not even begin to answer.
 */
export class Patience {
  readonly #timeoutMs: number
  #answerMs = 0

  /** @param timeoutMs what the configuration says */
  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs
  }

  /** For one answer. */
  get ms(): number {
    return this.#atLeast(FACTOR * this.#answerMs)
  }

  /** For the configurations of all programs. */
  get configsMs(): number {
    return this.#atLeast(CONFIGS_FACTOR * this.#answerMs)
  }

  /** Takes in how long the last answer took; for one that had begun and did not end in time, how long that was. */
  answered(ms: number): void {
    this.#answerMs = ms
  }

  #atLeast(ms: number): number {
    return Math.max(this.#timeoutMs, Math.min(Math.round(ms), LONGEST_MS))
  }
}
