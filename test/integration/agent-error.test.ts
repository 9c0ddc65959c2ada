import assert from 'node:assert/strict'
import { existsSync, statSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, describe, test, type TestContext } from 'node:test'
import { buildBundle, startAgent, type AgentProcess } from '../helpers/agent-process.ts'
import { eventually } from '../helpers/eventually.ts'
import { watchedProgram } from '../helpers/watched-program.ts'

before(buildBundle)

/** The agent with a file loaded before it that breaks something when SIGUSR2 comes. */
async function scene(t: TestContext, breaks: string, prepares = '') {
  const { folder, options, ...watched } = await watchedProgram(t)
  const file = join(folder, 'breaks.mjs')
  await writeFile(file, `${prepares}\nprocess.on('SIGUSR2', () => { ${breaks} })`)
  const start = (): AgentProcess => {
    const args = ['run', ...options({ 'check-every': '2s', 'push-every': '2s' })]
    const agent = startAgent(args, { nodeOptions: ['--import', file] })
    t.after(() => agent.stop())
    return agent
  }
  const agent = start()
  await eventually('the first heartbeat', () => watched.kuma.heartbeats[0]?.startsWith('up'))
  return { agent, start, note: `${watched.stateFile}.crash`, ...watched }
}

const BREAKABLE_FILES = `import fs from 'node:fs/promises'
let isBroken = false
for (const name of ['open', 'readFile']) {
  const whole = fs[name]
  fs[name] = (...given) => {
    if (isBroken) throw new Error('broken')
    return whole(...given)
  }
}`

describe('an internal error', () => {
  for (const [name, breaks] of [
    ['an exception that nobody catches', "setTimeout(() => { throw new TypeError('x is not a function') })"],
    ['a rejection that nobody awaits', "void Promise.reject(new TypeError('x is not a function'))"],
    [
      "an emitter's error that nobody listens to",
      "void import('node:events').then(({ EventEmitter }) => new EventEmitter().emit('error', new TypeError('x is not a function')))",
    ],
  ] as const) {
    test(`ends the agent by 70, and the next start tells it once: ${name}`, async (t) => {
      const { agent, start, note, kuma } = await scene(t, breaks)
      agent.kill('SIGUSR2')
      assert.equal(await agent.ended, 70)
      const told = agent.stderr.split('\n').filter((line) => line.includes('x is not a function'))
      assert.equal(told.length, 1)
      assert.match(told[0] ?? '', /^kuma-supervisor-push: internal error: TypeError: x is not a function at /)
      assert.equal(statSync(note).mode & 0o777, 0o600)

      const count = kuma.heartbeats.length
      const next = start()
      await eventually('some heartbeats', () => kuma.heartbeats.length >= count + 3)
      const [first = '', ...others] = kuma.heartbeats.slice(count)
      assert.match(first, /^up 1 of 1 running.* · restarted after an internal error: x is not a function$/)
      for (const other of others) assert.match(other, /^up 1 of 1 running(?!.*error)/)
      assert.equal(existsSync(note), false)
      assert.equal(await next.stop(), 0)
    })
  }

  test('in a call of the file system delays no heartbeat', async (t) => {
    const { agent, kuma, supervisord } = await scene(t, 'isBroken = true', BREAKABLE_FILES)
    agent.kill('SIGUSR2')
    await supervisord.ctl('stop', 'web')
    await eventually('Kuma is told', () => kuma.heartbeats.at(-1)?.startsWith('down web STOPPED'))
    await eventually('it is logged', () => /^warn: the state file .* \(broken\)/m.test(agent.stderr))
    assert.ok(agent.isAlive)
  })
})
