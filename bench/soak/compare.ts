import type { Recorded } from './place.ts'

/** A time in which the monitors over some programs should have been DOWN. */
export interface Trouble {
  readonly name: string
  readonly programs: readonly string[]
  /** `performance.now()`. */
  readonly fromMs: number
  untilMs: number
}

/** What one agent's monitors watch; null is every program. */
export type Watched = ReadonlyMap<string, string | null>

/** A DOWN may still be under way this long after its cause is gone: two checks and two heartbeats. */
const LATE_MS = 8_000

/** Compares what was recorded with the truth. */
export function compare(
  recorded: readonly Recorded[],
  troubles: readonly Trouble[],
  watched: Watched,
): { falseDown: string[]; missedDown: string[]; slowestSeconds: number } {
  const missedDown: string[] = []
  let slowestMs = 0
  const isIn = (trouble: Trouble, monitor: string) => {
    const program = watched.get(monitor)
    return program === null || (program !== undefined && trouble.programs.includes(program))
  }
  const downs = recorded.filter(({ status }) => status === 'down')
  for (const trouble of troubles) {
    for (const monitor of [...watched.keys()].filter((one) => isIn(trouble, one))) {
      const first = downs.find(
        (one) => one.monitor === monitor && one.atMs >= trouble.fromMs && one.atMs <= trouble.untilMs,
      )
      if (first === undefined) missedDown.push(`missed: ${monitor}, ${trouble.name} at ${trouble.fromMs} ms`)
      else slowestMs = Math.max(slowestMs, first.atMs - trouble.fromMs)
    }
  }
  const falseDown = downs
    .filter(
      ({ monitor, atMs }) =>
        !troubles.some(
          (trouble) => isIn(trouble, monitor) && atMs >= trouble.fromMs && atMs <= trouble.untilMs + LATE_MS,
        ),
    )
    .map(({ monitor, atMs, msg }) => `false: ${monitor} at ${Math.round(atMs)} ms: ${msg}`)
  return { falseDown, missedDown, slowestSeconds: slowestMs / 1000 }
}
