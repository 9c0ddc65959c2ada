import { runHouse } from './house.ts'
import type { Outcome } from './outcome.ts'
import type { Scenario } from './scenario.ts'
import { SCENARIOS } from './scenarios.ts'

/** How many supervisords may run side by side: each costs a Python process. */
const SIDE_BY_SIDE = 8

/** Runs every scenario against real supervisords; those without one of their own share one. */
export async function runTable(scenarios: readonly Scenario[] = SCENARIOS): Promise<Outcome[]> {
  const shared = scenarios.filter(({ alone }) => alone === undefined)
  const houses = [
    ...(shared.length === 0 ? [] : [shared]),
    ...scenarios.filter(({ alone }) => alone !== undefined).map((one) => [one]),
  ]
  const waiting = [...houses]
  const outcomes = new Map<string, Outcome[]>()
  const work = async (): Promise<void> => {
    for (let house = waiting.shift(); house !== undefined; house = waiting.shift()) {
      for (const outcome of await runHouse(house)) {
        outcomes.set(outcome.scenario, [...(outcomes.get(outcome.scenario) ?? []), outcome])
      }
    }
  }
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, work))
  return scenarios.flatMap(({ name }) => outcomes.get(name) ?? [])
}
