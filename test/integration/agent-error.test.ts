import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, describe, test, type TestContext } from 'node:test'
import { buildBundle, startAgent } from '../helpers/agent-process.ts'
import { eventually } from '../helpers/eventually.ts'
import { startKuma } from '../helpers/scripted-kuma.ts'
import { startSupervisord } from '../helpers/supervisord.ts'

before(buildBundle)

/** The agent with a file loaded beside it that breaks something when SIGUSR2 comes. */
async function scene(t: TestContext, breaks: string) {
  const folder = await mkdtemp(join(tmpdir(), 'ksp-agent-error-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const file = join(folder, 'breaks.mjs')
  await writeFile(file, `process.on('SIGUSR2', () => { ${breaks} })`)
  const supervisord = await startSupervisord({ programs: { web: { command: 'sleep 1000', startsecs: 0 } } })
  t.after(() => supervisord.stop())
  const kuma = await startKuma(t)
  const options = {
    config: '/dev/null',
    'kuma-url': kuma.url,
    token: 'AWbUXTosJG',
    'state-file': join(folder, 'state.json'),
    unit: 'none',
    'supervisor-url': supervisord.url,
    'check-every': '2s',
  }
  const args = Object.entries(options).flatMap(([option, value]) => [`--${option}`, value])
  const agent = startAgent(['run', ...args], { nodeOptions: ['--import', file] })
  t.after(() => agent.stop())
  await eventually('the first heartbeat', () => kuma.heartbeats[0]?.startsWith('up'))
  return { agent, kuma, supervisord }
}

describe('a mistake of the agent', () => {
  for (const [name, breaks] of [
    ['an exception that nobody catches', "setTimeout(() => { throw new TypeError('x is not a function') })"],
    ['a rejection that nobody awaits', "void Promise.reject(new TypeError('x is not a function'))"],
    [
      "an emitter's error that nobody listens to",
      "void import('node:events').then(({ EventEmitter }) => new EventEmitter().emit('error', new TypeError('x is not a function')))",
    ],
  ] as const) {
    test(`is DOWN in Kuma and UP after the next check: ${name}`, async (t) => {
      const { agent, kuma } = await scene(t, breaks)
      agent.kill('SIGUSR2')
      await eventually('Kuma is told', () =>
        kuma.heartbeats.includes('down agent error: x is not a function'),
      )
      await eventually('it is up again', () => kuma.heartbeats.at(-1)?.startsWith('up 1 of 1'))
      assert.equal(agent.stderr.match(/^error: agent error in the process: TypeError: x is not/gm)?.length, 1)
      assert.equal(await agent.stop(), 0)
    })
  }

  test('that goes on and on ends the process by 70, with its cause', async (t) => {
    const { agent } = await scene(t, "setInterval(() => { throw new TypeError('x is not a function') }, 50)")
    agent.kill('SIGUSR2')
    assert.equal(await agent.ended, 70)
    assert.match(agent.stderr, /^error: 5 agent errors within a minute: giving up, to be started anew$/m)
    assert.match(agent.stderr, /^kuma-supervisor-push: TypeError: x is not a function$/m)
  })

  test('in a call of the file system delays no heartbeat', async (t) => {
    const { agent, kuma, supervisord } = await scene(
      t,
      "void import('node:fs/promises').then((fs) => { fs.default.open = fs.default.readFile = () => { throw new Error('broken') } })",
    )
    agent.kill('SIGUSR2')
    await supervisord.ctl('stop', 'web')
    await eventually('Kuma is told', () => kuma.heartbeats.at(-1)?.startsWith('down web STOPPED'))
    await eventually('it is logged', () => /^warn: the state file .* \(broken\)/m.test(agent.stderr))
    assert.ok(agent.isAlive)
  })
})
