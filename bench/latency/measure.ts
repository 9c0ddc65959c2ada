import { setTimeout as sleep } from 'node:timers/promises'
import type { Cause } from './causes.ts'
import type { Stage } from './stage.ts'

/** Somebody who tells Kuma of a cause. */
export interface Teller {
  readonly name: string
  /** Waits until all is well in its eyes. */
  ready(): Promise<unknown>
  /** Resolves with `performance.now()` of the arrival of the first that tells it, after `sinceMs`. */
  arrival(told: Cause['told'], sinceMs: number): Promise<number>
}

/** supervisord's own loop takes a second where nothing happens. */
const PHASE_MS = 1_100

/** Brings the cause about once and gives the milliseconds from there to each arrival, in the order of the tellers. */
export async function measure(
  stage: Stage,
  cause: Cause,
  tellers: readonly Teller[],
  run: number,
): Promise<number[]> {
  await cause.mend(stage, run)
  await stage.allRun()
  for (const teller of tellers) await teller.ready()
  const shoot = await cause.aim(stage, run)
  await sleep((cause.restMs ?? 0) + Math.random() * PHASE_MS)
  const sinceMs = performance.now()
  const time = await shoot()
  const arrivals = await Promise.all(tellers.map((teller) => teller.arrival(cause.told, sinceMs)))
  const causeMs = typeof time === 'number' ? time : await time()
  return arrivals.map((atMs) => atMs - causeMs)
}
