import { setTimeout as sleep } from 'node:timers/promises'
import { takeLook } from '../../src/agent/take-look.ts'
import type { RpcReading } from '../../src/supervisor/rpc-reading.ts'
import { createSupervisorClient } from '../../src/supervisor/client.ts'
import type { UnitReading, UnitState } from '../../src/systemd/unit-reading.ts'
import type { Look } from '../../src/verdict/look.ts'
import { eventually } from '../../test/helpers/eventually.ts'
import { unitState } from '../../test/helpers/looks.ts'
import { startSupervisord, type Supervisord } from '../../test/helpers/supervisord.ts'
import type { Outcome } from './outcome.ts'
import { Player } from './player.ts'
import type { Scenario, Stage } from './scenario.ts'

const EVERY_MS = 400

/** Runs scenarios over one real supervisord, each from the same looks, until all of them are through. */
export async function runHouse(scenarios: readonly Scenario[]): Promise<Outcome[]> {
  const programs = Object.assign({}, ...scenarios.map((scenario) => scenario.programs ?? {})) as NonNullable<
    Scenario['programs']
  >
  const [first] = scenarios
  const supervisord = await startSupervisord({ ...first?.alone, programs })
  const client = createSupervisorClient({
    url: first?.overTcp === true ? supervisord.inetUrl : supervisord.url,
    username: null,
    password: null,
    caFile: null,
    timeoutMs: 10_000,
    now: () => performance.now(),
    ...first?.client,
  })
  const say = { unit: first?.unit ?? null }
  const stop = new AbortController()
  try {
    const players = scenarios.map(
      (scenario) =>
        new Player(
          scenario,
          createStage(supervisord, (signal) => client.read(signal), say),
          supervisord,
        ),
    )
    while (!players.every((player) => player.isOver)) {
      const look = await takeLook(
        {
          readUnit: () => Promise.resolve(unitReading(say.unit, supervisord)),
          readSupervisor: (signal) =>
            first?.rules?.kind === 'unit' ? Promise.resolve({ kind: 'not-asked' }) : client.read(signal),
          readUpSeconds: () => Promise.resolve(null),
        },
        stop.signal,
      )
      for (const player of players) player.see(ownPart(look, player.scenario), performance.now())
      await sleep(EVERY_MS)
    }
    return players.flatMap((player) => player.outcomes)
  } finally {
    await client.close()
    await supervisord.stop()
  }
}

function unitReading(said: Partial<UnitState> | UnitReading | null, supervisord: Supervisord): UnitReading {
  if (said !== null && 'kind' in said) return said
  if (said !== null) return unitState(said)
  const mainPid = supervisord.pid()
  return mainPid === 0
    ? unitState({ activeState: 'failed', subState: 'failed', result: 'signal', execMainStatus: 9, mainPid })
    : unitState({ mainPid })
}

/** What the scenario would have seen in a supervisord of its own. */
function ownPart(look: Look, { programs = {}, alone }: Scenario): Look {
  if (alone !== undefined || look.rpc.kind !== 'answered') return look
  const { state } = look.rpc
  const groups = new Set(Object.keys(programs).map((name) => name.replace(/^\w+:/, '')))
  const inGroups = new Set(
    Object.values(programs).flatMap((program) =>
      typeof program === 'object' && 'programs' in program ? String(program['programs']).split(',') : [],
    ),
  )
  const isOwn = ({ group }: { group: string }): boolean => groups.has(group) && !inGroups.has(group)
  return {
    ...look,
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

function createStage(
  supervisord: Supervisord,
  read: (signal: AbortSignal) => Promise<RpcReading>,
  said: { unit: Partial<UnitState> | UnitReading | null },
): Stage {
  const processes = async () => {
    const reading = await read(new AbortController().signal)
    return reading.kind === 'answered' ? reading.state.processes : []
  }
  return {
    supervisord,
    say: (unit) => (said.unit = unit),
    sleep: async (seconds) => {
      await sleep(seconds * 1000)
    },
    async until(states) {
      await eventually(
        `programs become ${JSON.stringify(states)}`,
        async () => Object.fromEntries((await processes()).map(({ name, state }) => [name, state])),
        (seen) => Object.entries(states).every(([name, state]) => seen[name] === state),
        { everyMs: 200 },
      )
    },
    pidOf: async (program) => (await processes()).find(({ name }) => name === program)?.pid ?? 0,
  }
}
