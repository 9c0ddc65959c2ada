import assert from 'node:assert/strict'
import { before, test, type TestContext } from 'node:test'
import { buildBundle, startAgent, type AgentProcess } from '../helpers/agent-process.ts'
import { eventually } from '../helpers/eventually.ts'
import { startSupervisord, type Supervisord } from '../helpers/supervisord.ts'

before(() => buildBundle())

/** An agent that by itself would look once in ten minutes, after its first heartbeat. */
async function watching(t: TestContext, url: string): Promise<AgentProcess> {
  const args = ['--dry-run', '--unit', 'none', '--supervisor-url', url, '--check-every', '10m']
  const agent = startAgent(args)
  t.after(() => agent.stop())
  await eventually(
    'the first heartbeat',
    () => agent.stdout,
    (out) => out.includes(' up '),
  )
  return agent
}

async function start(t: TestContext): Promise<Supervisord> {
  const supervisord = await startSupervisord({ inet: true, programs: { a: 'sleep 1000' } })
  t.after(() => supervisord.stop())
  await eventually(
    'it runs',
    () => supervisord.ctl('status'),
    (status) => status.includes('RUNNING'),
  )
  return supervisord
}

for (const door of ['url', 'inetUrl'] as const) {
  test(`a death of supervisord starts a check without any D-Bus (${door})`, async (t) => {
    const supervisord = await start(t)
    const agent = await watching(t, supervisord[door])
    supervisord.kill('SIGKILL')
    await eventually(
      'it is down',
      () => agent.stdout,
      (out) => out.includes(' down '),
    )
    assert.match(agent.stdout, /supervisord is not running/)
  })
}

test('SIGUSR1 starts a check', async (t) => {
  const supervisord = await start(t)
  const agent = await watching(t, supervisord.url)
  await supervisord.ctl('stop', 'a')
  agent.kill('SIGUSR1')
  await eventually(
    'it is down',
    () => agent.stdout,
    (out) => out.includes(' down '),
  )
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
  await eventually(
    'it is down',
    () => agent.stdout,
    (out) => out.includes(' down '),
  )
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
  await eventually(
    'all run',
    () => supervisord.ctl('status'),
    (status) => status.match(/RUNNING/g)?.length === 13,
  )
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
  await eventually(
    'it is down',
    () => agent.stdout,
    (out) => out.includes(' down '),
  )
  assert.match(agent.stdout, /last EXITED unexpectedly: killed by a signal/)
})
