/** One heartbeat as Kuma's push endpoint takes it. */
export interface Heartbeat {
  readonly status: 'up' | 'down'
  /** One line, at most 250 characters. */
  readonly msg: string
  /** Milliseconds; null leaves it out (Kuma stores 0 as nothing). */
  readonly ping: number | null
}
