import { readFileSync } from 'node:fs'
import { createSupervisorClient } from '../../src/collect/supervisor/client.ts'
import { eventually } from '../../test/helpers/eventually.ts'
import { startSupervisord, type Supervisord } from '../../test/helpers/supervisord.ts'
import { median, type Row } from './table.ts'

/** How much of supervisord's own time a look takes, beside `supervisorctl status`; a real one for each size. */
export async function measureGuest(sizes: readonly { programs: number; rounds: number }[]): Promise<Row[]> {
  const rows: Row[] = []
  for (const { programs, rounds } of sizes) rows.push(await ofSize(programs, rounds))
  return rows
}

async function ofSize(programs: number, rounds: number): Promise<Row> {
  const supervisord = await startSupervisord({
    programs: { many: { command: 'sleep 86400', numprocs: programs, process_name: '%(process_num)04d' } },
  })
  const client = createSupervisorClient({
    url: supervisord.url,
    username: null,
    password: null,
    caFile: null,
    timeoutMs: 60_000,
    now: () => performance.now(),
  })
  const never = new AbortController().signal
  try {
    await eventually(
      `${programs} programs run`,
      () => client.read(never),
      (reading) =>
        reading.kind === 'answered' && reading.state.processes.every(({ state }) => state === 'RUNNING'),
      { timeoutMs: 120_000 },
    )
    const [ours, ctl]: [number[], number[]] = [[], []]
    for (let round = 0; round < rounds; round++) {
      const asks = [
        async () => ours.push(await cpuOf(supervisord, () => client.read(never))),
        async () => ctl.push(await cpuOf(supervisord, () => supervisord.ctl('status'))),
      ]
      // Neither is always the first.
      for (const ask of round % 2 === 0 ? asks : asks.toReversed()) await ask()
    }
    const [a, b] = [median(ours), median(ctl)]
    return {
      measure: `supervisord's own time per check, ${programs} programs`,
      ours: `${a.toFixed(1)} ms`,
      beside: `\`supervisorctl status\`: ${b.toFixed(1)} ms`,
      // Of one round each: other work on the machine comes and goes.
      ratio: median(ours.map((one, round) => one / (ctl[round] ?? NaN))),
      target: 1,
    }
  } finally {
    await client.close()
    await supervisord.stop()
  }
}

/** Milliseconds of CPU that supervisord, which has one thread, used meanwhile. */
async function cpuOf(supervisord: Supervisord, act: () => Promise<unknown>): Promise<number> {
  const cpuMs = (): number =>
    Number(readFileSync(`/proc/${supervisord.pid()}/schedstat`, 'utf8').split(' ')[0]) / 1e6
  const before = cpuMs()
  await act()
  return cpuMs() - before
}
