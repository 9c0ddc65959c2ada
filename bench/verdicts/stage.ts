import { setTimeout as sleep } from 'node:timers/promises'
import type { RpcReading } from '../../src/collect/supervisor/rpc-reading.ts'
import { SupervisorClient } from '../../src/collect/supervisor/client.ts'
import type { UnitReading, UnitState } from '../../src/collect/systemd/units.ts'
import { Collector, type Snapshot, type Sources } from '../../src/collect/snapshot.ts'
import { eventually } from '../../test/helpers/eventually.ts'
import { memoryLog } from '../../test/helpers/memory-log.ts'
import { unitState } from '../../test/helpers/snapshots.ts'
import { startSupervisord, type Supervisord } from '../../test/helpers/supervisord.ts'
import type { Scenario, Stage } from './scenario.ts'
import { realClock } from '../../src/lib/clock.ts'

interface OpenStage {
  readonly stage: Stage
  readonly snapshot: () => Promise<Snapshot>
  readonly close: () => Promise<void>
}

/** A real supervisord with the doors to it; systemd says what the scenario makes it say. */
export async function openStage({
  programs = {},
  alone,
  client: options,
  unit,
  rules,
  overTcp = false,
}: Omit<Scenario, 'name' | 'phases'>): Promise<OpenStage> {
  const supervisord = await startSupervisord({ ...alone, programs })
  const client = new SupervisorClient({
    url: overTcp ? supervisord.inetUrl : supervisord.url,
    username: null,
    password: null,
    caFile: null,
    timeoutMs: 10_000,
    clock: realClock,
    ...options,
  })
  const said = { unit: unit ?? null }
  const collector = new Collector({
    name: 'stage',
    unit: 'auto',
    unitTimeoutMs: 10_000,
    units: { read: async () => unitReading(said.unit, supervisord), subscribe() {} },
    supervisor: rules?.kind === 'unit' ? null : asIfElsewhere(client),
    settings: [],
    wake: null,
    log: memoryLog(),
    mask: (text) => text,
  })
  const { signal } = new AbortController()
  return {
    stage: createStage(supervisord, () => client.read(signal), said),
    // How long supervisord has been up differs from run to run.
    snapshot: async () => ({ ...(await collector.snapshot(signal)), upSeconds: null }),
    async close() {
      await client.close()
      await supervisord.stop()
    },
  }
}

/** The client of a supervisord whose processes are not this host's: how long it has been up, the unit alone tells. */
function asIfElsewhere(client: SupervisorClient): Sources['supervisor'] {
  return {
    read: (signal) => client.read(signal),
    wake: (signal) => client.wake(signal),
    isLocal: () => false,
    readLastLines: async () => new Map(),
    readVersion: async () => null,
    close: () => client.close(),
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

function createStage(
  supervisord: Supervisord,
  read: () => Promise<RpcReading>,
  said: { unit: Partial<UnitState> | UnitReading | null },
): Stage {
  const processes = async () => {
    const reading = await read()
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
