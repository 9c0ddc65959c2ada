import { setTimeout as sleep } from 'node:timers/promises'
import { join } from 'node:path'
import { readChildren } from '../../src/collect/processes.ts'
import { SupervisorClient } from '../../src/collect/supervisor/client.ts'
import { startAgent } from '../../test/helpers/agent-process.ts'
import { eventually } from '../../test/helpers/eventually.ts'
import { startReceiver } from '../../test/helpers/receiver.ts'
import { startSupervisord, type Supervisord } from '../../test/helpers/supervisord.ts'
import { describeTimes } from './distribution.ts'
import { realClock } from '../../src/lib/clock.ts'

/** Each dies so often within a second. */
const PROGRAMS = 200
const TIMES = 5
const TOKEN = 'AWbUXTosJG'
const PART_MS = 5_000

/**
 * A thousand deaths in a second: what Kuma hears, and how long supervisord takes to answer a third party before, while
 * and after it, with the agent and without.
 */
export async function runFlood(): Promise<string> {
  const rows = [await flood(true), await flood(false)].flat()
  return `| a question to supervisord | p50 | p95 | max | asked |\n| --- | --- | --- | --- | --- |\n${rows.join('\n')}\n`
}

async function flood(isWatched: boolean): Promise<string[]> {
  const ends: (() => unknown)[] = []
  try {
    const receiver = await startReceiver({ after: (end) => void ends.push(end) })
    const supervisord = await startSupervisord({
      programs: {
        worker: {
          command: 'sleep 1000',
          process_name: '%(program_name)s_%(process_num)03d',
          numprocs: PROGRAMS,
          startsecs: 0,
        },
      },
    })
    ends.push(() => supervisord.stop())
    await eventually('all run', async () => (await pidsOf(supervisord)).length === PROGRAMS, Boolean, {
      timeoutMs: 120_000,
    })
    if (isWatched) {
      const args = ['--kuma-url', receiver.url, '--token', TOKEN, '--unit', 'none', '--push-every', '10m']
      const place = ['--supervisor-url', supervisord.url, '--state-file', join(supervisord.dir, 'state')]
      const agent = startAgent([...args, ...place])
      ends.push(() => agent.stop())
      await receiver.waitFor('up', 0, 120_000)
      await sleep(10_000)
    }
    const arrived = receiver.accepted.length
    const before = await ask(supervisord, PART_MS)
    const during = ask(supervisord, PART_MS)
    const deaths = await killAll(supervisord)
    const [meanwhile, after] = [await during, await ask(supervisord, PART_MS)]
    const told = receiver.accepted.slice(arrived)
    const who = isWatched ? 'with the agent' : 'without'
    for (const { status, msg } of told) process.stdout.write(`${status} ${msg}\n`)
    return [
      `| ${who}, in the 5 s before ${describeTimes(before)}`,
      `| ${who}, in the 5 s from the first of ${deaths} deaths${isWatched ? ` (told by ${told.length} heartbeats)` : ''} ${describeTimes(meanwhile)}`,
      `| ${who}, in the 5 s after these ${describeTimes(after)}`,
    ]
  } finally {
    for (const end of ends.toReversed()) await end()
  }
}

async function pidsOf(supervisord: Supervisord): Promise<number[]> {
  const status = await supervisord.ctl('status')
  return [...status.matchAll(/RUNNING +pid (\d+)/g)].map(([, pid]) => Number(pid))
}

const now = (): number => performance.now()

/** How long each of many small questions of a third party took, in milliseconds. */
async function ask(supervisord: Supervisord, forMs: number): Promise<number[]> {
  const credentials = { username: null, password: null, caFile: null }
  const client = new SupervisorClient({
    url: supervisord.url,
    ...credentials,
    timeoutMs: 60_000,
    clock: realClock,
  })
  const times: number[] = []
  const endMs = now() + forMs
  while (now() < endMs) {
    const startedMs = now()
    await client.call('supervisor.getState', [], new AbortController().signal)
    times.push(now() - startedMs)
    await sleep(50)
  }
  await client.close()
  return times
}

/** Kills every program, and what supervisord has started in its place, five times within a second. */
async function killAll(supervisord: Supervisord): Promise<number> {
  let deaths = 0
  const beganMs = performance.now()
  for (let time = 0; time < TIMES; time++) {
    for (const pid of readChildren(supervisord.pid())) {
      try {
        process.kill(pid, 'SIGKILL')
        deaths++
      } catch {
        // It ended meanwhile.
      }
    }
    await sleep(Math.max(0, beganMs + ((time + 1) * 1_000) / TIMES - performance.now()))
  }
  return deaths
}
