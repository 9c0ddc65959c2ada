import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, describe, test, type TestContext } from 'node:test'
import { buildBundle, startAgent } from '../helpers/agent-process.ts'
import { eventually } from '../helpers/eventually.ts'
import { watchedProgram } from '../helpers/watched-program.ts'

before(buildBundle)

/** The agent with a file loaded before it that breaks something when SIGUSR2 comes. */
async function scene(t: TestContext, breaks: string, prepares = '') {
  const { folder, options, ...watched } = await watchedProgram(t)
  const file = join(folder, 'breaks.mjs')
  await writeFile(file, `${prepares}\nprocess.on('SIGUSR2', () => { ${breaks} })`)
  const agent = startAgent(['run', ...options({ 'check-every': '2s' })], { nodeOptions: ['--import', file] })
  t.after(() => agent.stop())
  await eventually('the first heartbeat', () => watched.kuma.heartbeats[0]?.startsWith('up'))
  return { agent, ...watched }
}

const BREAKABLE_FILES = `import fs from 'node:fs'
let isBroken = false
for (const name of ['open', 'readFile']) {
  const whole = fs[name]
  fs[name] = (...given) => {
    if (isBroken) throw new Error('broken')
    whole(...given)
  }
}`

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
    const { agent, kuma, supervisord } = await scene(t, 'isBroken = true', BREAKABLE_FILES)
    agent.kill('SIGUSR2')
    await supervisord.ctl('stop', 'web')
    await eventually('Kuma is told', () => kuma.heartbeats.at(-1)?.startsWith('down web STOPPED'))
    await eventually('it is logged', () => /^warn: the state file .* \(broken\)/m.test(agent.stderr))
    assert.ok(agent.isAlive)
  })
})
