/** One heartbeat as it was recorded. */
export interface Recorded {
  readonly monitor: string
  readonly status: string
  readonly msg: string
  /** `performance.now()` of its arrival. */
  readonly atMs: number
}

/** Where the heartbeats go: Kuma, or what stands in its place. */
export interface Place {
  readonly name: string
  readonly port: number
  readonly pushEverySeconds: number
  /** What else may happen there, by its name. */
  readonly acts: Readonly<Record<string, () => Promise<void>>>
  /** Makes a monitor and gives its token. */
  createMonitor(name: string): Promise<string>
  /** Everything so far, oldest first. */
  recorded(): Promise<readonly Recorded[]>
}
