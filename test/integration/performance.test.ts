// A guard against costs that creep in. It compares what ran in turn on this machine, and its bounds are about twice what
// docs/performance.md has: a slow or busy machine does not fail it.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test, type TestContext } from 'node:test'
import { measureDecoding } from '../../bench/costs/decoding.ts'
import { median } from '../../bench/costs/table.ts'
import { SupervisorClient } from '../../src/collect/supervisor/client.ts'
import { buildBundle, startAgent } from '../helpers/agent-process.ts'
import { eventually } from '../helpers/eventually.ts'
import { startReceiver, type Receiver } from '../helpers/receiver.ts'
import { runCommand } from '../helpers/run-command.ts'
import { startSupervisord, type Supervisord } from '../helpers/supervisord.ts'
import { realClock } from '../../src/lib/clock.ts'

const home = mkdtempSync(join(tmpdir(), 'ksp-home-'))
const BUNDLE = join(import.meta.dirname, '../../dist/kuma-supervisor-push.cjs')
let supervisord: Supervisord

before(async () => {
  await buildBundle()
  const command = 'sleep 86400'
  supervisord = await startSupervisord({
    programs: { a: command, b: command, c: command, d: command, e: command },
  })
  await supervisord.running(5)
})
after(async () => {
  await supervisord.stop()
  rmSync(home, { recursive: true, maxRetries: 9 })
})

/** Options for an agent over the five programs, and the receiver of its own that it pushes to. */
async function overFive(t: TestContext): Promise<{ receiver: Receiver; options: string[] }> {
  const receiver = await startReceiver(t)
  const push = ['--push-url', `${receiver.url}/api/push/AWbUXTosJG`, '--state-file', join(home, 'state.json')]
  return { receiver, options: [...push, '--unit', 'none', '--supervisor-url', supervisord.url] }
}

async function oneShot(t: TestContext): Promise<{ argv: string[]; env: Record<string, string> }> {
  const { options } = await overFive(t)
  return { argv: [BUNDLE, 'once', ...options], env: { PATH: process.env['PATH'] ?? '', HOME: home } }
}

test('once needs a few times the CPU of an empty Node', async (t) => {
  const { argv, env } = await oneShot(t)
  const plan = {
    rounds: 7,
    commands: {
      once: { argv: [process.execPath, ...argv], env },
      empty: { argv: [process.execPath, '-e', '0'], env },
    },
  }
  const script = join(import.meta.dirname, '../../bench/costs/commands.py')
  const { code, stdout, stderr } = await runCommand(['python3', script], { input: JSON.stringify(plan) })
  assert.equal(code, 0, stderr)
  const runs = JSON.parse(stdout) as Record<'once' | 'empty', [number, number, number][]>
  const cpuMs = (name: 'once' | 'empty'): number => median(runs[name].map(([, cpu]) => cpu))
  assert.ok(cpuMs('once') <= 11 * cpuMs('empty'), `${cpuMs('once')} ms, an empty Node ${cpuMs('empty')} ms`)
})

test('the service needs little more memory than a bare Node', async (t) => {
  const { receiver, options } = await overFive(t)
  const agent = startAgent(['run', ...options], { env: { HOME: home } })
  const bare = startAgent([], { nodeOptions: ['-e', 'console.log("runs"); setInterval(() => {}, 1000)'] })
  t.after(() => Promise.all([agent.stop(), bare.stop()]))
  await eventually('it has pushed', () => receiver.accepted.length > 0 && bare.stdout !== '')
  const [ours, empty] = [await agent.memory(), await bare.memory()]
  assert.ok(ours <= 3 * empty, `${ours} MB, a bare Node ${empty} MB`)
})

test('a large answer is decoded about as fast as by Python', async () => {
  const rows = await measureDecoding(process.execPath, '', 3)
  assert.equal(rows.length, 2)
  for (const row of rows) assert.ok(row.ratio !== null && row.ratio <= 3, JSON.stringify(row))
})

test("a check takes no more of supervisord's time than supervisorctl", async (t) => {
  const client = new SupervisorClient({
    url: supervisord.url,
    username: null,
    password: null,
    caFile: null,
    timeoutMs: 60_000,
    clock: realClock,
  })
  t.after(() => client.close())
  const never = new AbortController().signal
  const ratios: number[] = []
  for (let round = 0; round < 9; round += 1) {
    const ours = await cpuOfSupervisord(() => client.read(never))
    ratios.push(ours / (await cpuOfSupervisord(() => supervisord.ctl('status'))))
  }
  assert.ok(median(ratios) <= 3, ratios.join(' '))
})

/** Milliseconds of CPU that supervisord, which has one thread, used meanwhile. */
async function cpuOfSupervisord(act: () => Promise<unknown>): Promise<number> {
  const cpuMs = (): number =>
    Number(readFileSync(`/proc/${supervisord.pid()}/schedstat`, 'utf8').split(' ')[0]) / 1e6
  const startMs = cpuMs()
  await act()
  return cpuMs() - startMs
}
