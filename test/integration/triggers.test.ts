import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { before, test, type TestContext } from 'node:test'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildBundle, startAgent, type AgentProcess } from '../helpers/agent-process.ts'
import { eventually } from '../helpers/eventually.ts'
import { startReceiver } from '../helpers/receiver.ts'
import { startSupervisord, type Supervisord } from '../helpers/supervisord.ts'

before(() => buildBundle())

/** An agent that by itself would look once in ten minutes, after its first heartbeat. */
async function watching(t: TestContext, url: string): Promise<AgentProcess> {
  const args = ['--dry-run', '--unit', 'none', '--supervisor-url', url]
  const times = ['--check-every', '10m', '--push-every', '10m']
  const agent = startAgent([...args, ...times])
  t.after(() => agent.stop())
  await eventually(
    'the first heartbeat',
    () => agent.stdout,
    (out) => out.includes(' up '),
  )
  return agent
}

/** A supervisord whose program runs. */
async function start(
  t: TestContext,
  program: string | Record<string, string | number> = 'sleep 1000',
): Promise<Supervisord> {
  const supervisord = await startSupervisord({ inet: true, programs: { a: program } })
  t.after(() => supervisord.stop())
  await supervisord.running(1)
  return supervisord
}

async function isDown(agent: AgentProcess): Promise<void> {
  await eventually(
    'it is down',
    () => agent.stdout,
    (out) => out.includes(' down '),
  )
}

for (const door of ['url', 'inetUrl'] as const) {
  test(`a death of supervisord starts a check without any D-Bus (${door})`, async (t) => {
    const supervisord = await start(t)
    const agent = await watching(t, supervisord[door])
    supervisord.kill('SIGKILL')
    await isDown(agent)
    assert.match(agent.stdout, /supervisord is not running/)
  })
}

test('SIGUSR1 starts a check', async (t) => {
  const supervisord = await start(t)
  const agent = await watching(t, supervisord.url)
  await supervisord.ctl('stop', 'a')
  agent.kill('SIGUSR1')
  await isDown(agent)
  assert.match(agent.stdout, /a STOPPED by hand/)
  agent.kill('SIGTERM')
  assert.equal(await agent.ended, 0)
  assert.doesNotMatch(agent.stderr, /[Dd]ebugger/)
})

test('the end of a program starts a check', async (t) => {
  const supervisord = await startSupervisord({
    programs: { a: { command: 'sleep 1000', startsecs: 3600, startretries: 0 } },
  })
  t.after(() => supervisord.stop())
  await eventually(
    'it starts',
    () => supervisord.ctl('pid', 'a'),
    (pid) => Number(pid) > 0,
  )
  const agent = await watching(t, supervisord.url)
  process.kill(Number(await supervisord.ctl('pid', 'a')), 'SIGKILL')
  await isDown(agent)
  assert.match(agent.stdout, /a FATAL/)
})

test('programs that are started again are no alarm, however soon it looks; one that is not is', async (t) => {
  const names = Array.from({ length: 12 }, (_, index) => `p${index}`)
  const command = 'sleep 1000'
  const steady = Object.fromEntries(
    names.map((name) => [name, { command, autorestart: 'true', startsecs: 0 }]),
  )
  const programs = { ...steady, last: { command, autorestart: 'false', startsecs: 0 } }
  const supervisord = await startSupervisord({ programs })
  t.after(() => supervisord.stop())
  await supervisord.running(13)
  const agent = await watching(t, supervisord.url)
  const kill = async (name: string): Promise<void> => {
    const pid = Number(await supervisord.ctl('pid', name))
    process.kill(pid, 'SIGKILL')
    await eventually(
      'it has another pid',
      () => supervisord.ctl('pid', name),
      (now) => Number(now) !== pid,
    )
  }
  for (const name of names) await kill(name)
  assert.doesNotMatch(agent.stdout, / down /)
  await kill('last')
  await isDown(agent)
  assert.match(agent.stdout, /last EXITED unexpectedly: killed by a signal/)
})

test('a program is seen through its tries: FATAL without waiting for a check', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'ksp-triggers-'))
  t.after(() => rm(dir, { recursive: true, maxRetries: 9 }))
  const command = `sh -c 'test ! -e ${dir}/broken && exec sleep 1000; exit 1'`
  const supervisord = await start(t, { command, startretries: 2 })
  const agent = await watching(t, supervisord.url)
  await writeFile(join(dir, 'broken'), '')
  process.kill(Number(await supervisord.ctl('pid', 'a')), 'SIGKILL')
  // Where its tries take longer than their grace, they are told first.
  await eventually('it is FATAL', () => agent.stdout.includes('a FATAL'))
})

test('a restart is told at once', async (t) => {
  const supervisord = await start(t)
  const agent = await watching(t, supervisord.url)
  process.kill(Number(await supervisord.ctl('pid', 'a')), 'SIGKILL')
  await eventually(
    'it is told',
    () => agent.stdout,
    (out) => / up .* · a restarted 1×/.test(out),
  )
  assert.doesNotMatch(agent.stdout, / down /)
})

test('the end of a program is told by the next check where its pid is not to be seen', async (t) => {
  const supervisord = await start(t, { command: 'sleep 1000', autorestart: 'false' })
  // A /proc of its own, in which supervisord's pid is nobody's.
  const under = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc']
  const args = ['--dry-run', '--unit', 'none', '--supervisor-url', supervisord.url, '--check-every', '1s']
  const agent = startAgent([...args, '--log-level', 'debug'], { under })
  t.after(() => agent.stop())
  await eventually(
    'it is blind',
    () => agent.stderr,
    (text) => text.includes('not to be seen here'),
  )
  process.kill(Number(await supervisord.ctl('pid', 'a')), 'SIGKILL')
  await isDown(agent)
  assert.match(agent.stdout, /a EXITED unexpectedly: killed by a signal/)
})

test('two hundred programs that die and come back are one or two heartbeats', async (t) => {
  const receiver = await startReceiver(t)
  const process_name = '%(program_name)s_%(process_num)03d'
  const supervisord = await startSupervisord({
    programs: { worker: { command: 'sleep 1000', process_name, numprocs: 200, startsecs: 0 } },
  })
  t.after(() => supervisord.stop())
  const running = async (): Promise<string[]> =>
    (await supervisord.ctl('status')).match(/RUNNING +pid \d+/g) ?? []
  await eventually('all run', running, (all) => all.length === 200, { timeoutMs: 120_000 })
  const args = ['--kuma-url', receiver.url, '--token', 'AWbUXTosJG', '--unit', 'none', '--push-every', '10m']
  const agent = startAgent([
    ...args,
    '--supervisor-url',
    supervisord.url,
    '--state-file',
    join(supervisord.dir, 'state'),
  ])
  t.after(() => agent.stop())
  await receiver.waitFor('up', 0, 120_000)
  const arrived = receiver.accepted.length
  const sinceMs = performance.now()
  const pids = (await running()).map((text) => Number(/\d+$/.exec(text)?.[0]))
  for (const pid of pids) process.kill(pid, 'SIGKILL')
  await eventually(
    'it is told',
    () => receiver.accepted.at(-1)?.msg ?? '',
    (msg) => msg.includes('restarted'),
    { timeoutMs: 120_000 },
  )
  await eventually(
    'all have other pids',
    running,
    (all) => all.length === 200 && all.every((text) => !pids.includes(Number(/\d+$/.exec(text)?.[0]))),
    { timeoutMs: 120_000 },
  )
  const told = receiver.accepted.slice(arrived)
  // One at once and one of those that came back later; on a slow machine these may take several.
  const most = 2 + (performance.now() - sinceMs) / 5_000
  assert.ok(told.length <= most, told.map(({ msg }) => msg).join('\n'))
  assert.deepEqual(
    told.filter(({ status }) => status === 'down').map(({ msg }) => msg),
    [],
  )
})
