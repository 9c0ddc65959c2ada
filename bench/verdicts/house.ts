import { setTimeout as sleep } from 'node:timers/promises'
import type { Snapshot } from '../../src/collect/snapshot.ts'
import type { Outcome } from './outcome.ts'
import { Player } from './player.ts'
import type { Scenario } from './scenario.ts'
import { openStage } from './stage.ts'

const EVERY_MS = 400

/** Runs scenarios over one real supervisord, each from the same looks, until all of them are through. */
export async function runHouse(scenarios: readonly Scenario[]): Promise<Outcome[]> {
  const [first] = scenarios
  const programs = Object.assign({}, ...scenarios.map((scenario) => scenario.programs ?? {})) as NonNullable<
    Scenario['programs']
  >
  const { stage, snapshot, close } = await openStage({ ...first, programs })
  try {
    const players = scenarios.map((scenario) => new Player(scenario, stage))
    while (!players.every((player) => player.isOver)) {
      const seen = await snapshot()
      for (const player of players) player.see(ownPart(seen, player.scenario), performance.now())
      await sleep(EVERY_MS)
    }
    return players.flatMap((player) => player.outcomes)
  } finally {
    await close()
  }
}

/** What the scenario would have seen in a supervisord of its own. */
function ownPart(snapshot: Snapshot, { programs = {}, alone }: Scenario): Snapshot {
  if (alone !== undefined || snapshot.rpc.kind !== 'answered') return snapshot
  const { state } = snapshot.rpc
  const groups = new Set(Object.keys(programs).map((name) => name.replace(/^\w+:/, '')))
  const inGroups = new Set(
    Object.values(programs).flatMap((program) =>
      typeof program === 'object' && 'programs' in program ? String(program['programs']).split(',') : [],
    ),
  )
  const isOwn = ({ group }: { group: string }): boolean => groups.has(group) && !inGroups.has(group)
  return {
    ...snapshot,
    rpc: {
      kind: 'answered',
      state: {
        ...state,
        processes: state.processes.filter(isOwn),
        configs: state.configs?.filter(isOwn) ?? null,
      },
    },
  }
}
