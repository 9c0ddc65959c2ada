import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, test, type TestContext } from 'node:test'
import { buildBundle, startAgent, type AgentProcess } from '../helpers/agent-process.ts'
import { eventually } from '../helpers/eventually.ts'
import { startSupervisord, type Supervisord } from '../helpers/supervisord.ts'

before(() => buildBundle())

const command = 'sleep 1000'

/** A supervisord of two steady programs, and an agent over it whose configuration the test writes. */
async function start(t: TestContext, more = '') {
  const steady = { command, autorestart: 'true', startsecs: 0 }
  const supervisord = await startSupervisord({ programs: { a: steady, b: steady } })
  t.after(() => supervisord.stop())
  await supervisord.running(2)
  const dir = await mkdtemp(join(tmpdir(), 'ksp-reload-'))
  t.after(() => rm(dir, { recursive: true, force: true, maxRetries: 9 }))
  const file = join(dir, 'config.toml')
  const write = (monitors: string): Promise<void> =>
    writeFile(
      file,
      `[agent]\nstate_file = "${dir}/state.json"\n${more}\n` +
        `[[supervisor]]\nunit = "none"\nurl = "${supervisord.url}"\n${monitors}\n`,
    )
  await write(MONITOR)
  const agent = startAgent(['--config', file, '--dry-run', '--check-every', '1s', '--push-every', '10m'])
  t.after(() => agent.stop())
  await says(agent, /up +first: 2 of 2 running/)
  return { supervisord, agent, write }
}

const MONITOR = '[[monitor]]\nname = "first"\ntoken = "AWbUXTosJG"'

async function says(agent: AgentProcess, what: RegExp): Promise<void> {
  await eventually(
    `it says ${String(what)}`,
    () => `${agent.stdout}${agent.stderr}`,
    (said) => what.test(said),
  )
}

async function restart(supervisord: Supervisord, name: string): Promise<void> {
  const pid = Number(await supervisord.ctl('pid', name))
  process.kill(pid, 'SIGKILL')
  await eventually(
    'it has another pid',
    () => supervisord.ctl('pid', name),
    (now) => Number(now) > 0 && Number(now) !== pid,
  )
}

test('takes a new configuration on SIGHUP', async (t) => {
  const { agent, write } = await start(t)
  await write('[[monitor]]\nname = "second"\ntoken = "BWbUXTosJG"\nprograms = ["b"]')
  agent.kill('SIGHUP')
  await says(agent, /up +second: 1 of 1 running/)
})

test('refuses a configuration that is wrong, says why, and goes on with the one before', async (t) => {
  const { supervisord, agent, write } = await start(t)
  await write('[[monitor]]\nname = "second"\ntoken = "BWbUXTosJG"\nprogrms = ["b"]')
  agent.kill('SIGHUP')
  await says(agent, /error: .*config\.toml:\d+: .*programs[^]*the one before stays in force/)
  await write(`[kuma]\nca_file = "/nonexistent"\n${MONITOR}`)
  agent.kill('SIGHUP')
  await says(agent, /error: .*\/nonexistent[^]*the one before stays in force/)
  await supervisord.ctl('stop', 'a')
  await says(agent, /down +first: a STOPPED by hand/)
  assert.doesNotMatch(agent.stdout, /second/)
})

test('keeps its memory over a reload', async (t) => {
  const { supervisord, agent } = await start(t)
  await restart(supervisord, 'a')
  agent.kill('SIGHUP')
  await says(agent, /up +first: 2 of 2 running · a restarted 1×/)
})

test('tells a planned stop when it is asked to', async (t) => {
  const { agent } = await start(t, 'on_stop = "down"')
  agent.kill('SIGTERM')
  assert.equal(await agent.ended, 0)
  assert.match(agent.stdout, /down +first: the agent was stopped: nothing is watched until it runs again\n$/)
})

test('is silent at a stop unless asked, and a reload is none', async (t) => {
  const { agent } = await start(t)
  agent.kill('SIGHUP')
  await says(agent, /(watching [^]*){2}/)
  agent.kill('SIGTERM')
  assert.equal(await agent.ended, 0)
  assert.doesNotMatch(agent.stdout, / down /)
})
