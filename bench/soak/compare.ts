import type { Arrival } from '../../test/helpers/receiver.ts'

/** A time in which the monitors over some programs should have been DOWN. */
export interface Trouble {
  readonly name: string
  readonly programs: readonly string[]
  /** `performance.now()`. */
  readonly fromMs: number
  untilMs: number
}

/** A DOWN may still be under way this long after its cause is gone: two checks and two heartbeats. */
const LATE_MS = 8_000

/** Compares what was accepted with the truth; the token `all` is the monitor over every program. */
export function compare(
  accepted: readonly Arrival[],
  troubles: readonly Trouble[],
  programs: readonly string[],
): { falseDown: string[]; missedDown: string[]; slowestSeconds: number } {
  const missedDown: string[] = []
  let slowestMs = 0
  const concerns = (token: string) => (trouble: Trouble) =>
    token === 'all' || trouble.programs.includes(token)
  for (const trouble of troubles) {
    for (const token of ['all', ...programs].filter((one) => concerns(one)(trouble))) {
      const first = accepted.find(
        (one) =>
          one.token === token &&
          one.status === 'down' &&
          one.atMs >= trouble.fromMs &&
          one.atMs <= trouble.untilMs,
      )
      if (first === undefined) missedDown.push(`missed: ${token}, ${trouble.name}`)
      else slowestMs = Math.max(slowestMs, first.atMs - trouble.fromMs)
    }
  }
  const falseDown = accepted
    .filter(({ status }) => status === 'down')
    .filter(
      ({ token, atMs }) =>
        !troubles
          .filter(concerns(token))
          .some(({ fromMs, untilMs }) => atMs >= fromMs && atMs <= untilMs + LATE_MS),
    )
    .map(({ token, msg, atMs }) => `false: ${token} at ${Math.round(atMs)} ms: ${msg}`)
  return { falseDown, missedDown, slowestSeconds: slowestMs / 1000 }
}
