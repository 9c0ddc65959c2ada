/** A status and since when it holds, in milliseconds of the wall clock. */
export interface Standing {
  readonly status: 'up' | 'down'
  readonly sinceMs: number
}

/** Keeps since when each monitor is up or down, from run to run. */
export class Standings {
  readonly #standings: Map<string, Standing>

  constructor(memories: ReadonlyMap<string, { readonly standing: Standing | null }>) {
    this.#standings = new Map(
      [...memories].flatMap(([name, { standing }]) => (standing === null ? [] : [[name, standing]])),
    )
  }

  /** Null before the first verdict. */
  of(monitor: string): Standing | null {
    return this.#standings.get(monitor) ?? null
  }

  /** Takes in the verdict of now; one like that before changes nothing. */
  note(monitor: string, status: 'up' | 'down', nowMs: number): void {
    if (this.of(monitor)?.status !== status) this.#standings.set(monitor, { status, sinceMs: nowMs })
  }
}
