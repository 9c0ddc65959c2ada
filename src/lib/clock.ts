/** Time and chance, given from outside so that tests can choose them. */
export interface Clock {
  /** Monotonic milliseconds since the host booted; a change of the date does not move them. */
  now(): number
  /** Resolves after the time, or at once when aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
  /** 0 to 1. */
  random(): number
}
