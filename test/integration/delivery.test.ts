import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, describe, test, type TestContext } from 'node:test'
import { buildBundle, startAgent } from '../helpers/agent-process.ts'
import { eventually } from '../helpers/eventually.ts'
import { startReceiver } from '../helpers/receiver.ts'
import { startKuma } from '../helpers/scripted-kuma.ts'
import { watchedProgram } from '../helpers/watched-program.ts'

before(buildBundle)

async function scene(t: TestContext) {
  const watched = await watchedProgram(t)
  const usual = watched.options({ 'check-every': '1s', 'push-every': '2s' })
  const state = async () => JSON.parse(await readFile(watched.stateFile, 'utf8')).monitors[0]
  const start = (command: string, options: readonly string[] = usual) => {
    const agent = startAgent([command, ...options])
    t.after(() => agent.stop())
    return agent
  }
  return { ...watched, start, state }
}

describe('the agent and a Kuma that goes away', () => {
  test('tells in the first message that gets through what happened meanwhile, over a restart of the agent', async (t) => {
    const { supervisord, kuma, start, state } = await scene(t)
    const first = start('run')
    // Kuma has it before the agent has the answer.
    await eventually('a heartbeat', () => first.stderr.includes('delivered the first'))
    await kuma.goAway()
    await supervisord.ctl('stop', 'web')
    await eventually('the log names it', () => /web STOPPED by hand/.test(first.stderr))
    assert.equal(await first.stop(), 0)
    assert.equal((await state()).missed[0][1].turns[0].status, 'down')

    const second = start('run')
    await eventually('it is seen again', () => /is down: web STOPPED by hand/.test(second.stderr))
    await supervisord.ctl('start', 'web')
    await eventually('it is up again', () => /is up: 1 of 1 running/.test(second.stderr))
    const missed = kuma.heartbeats.length
    await kuma.comeBack()
    const [told = ''] = await eventually(
      'more heartbeats',
      () => kuma.heartbeats.slice(missed),
      (seen) => seen.length >= 3,
    )
    assert.match(
      told,
      /^up 1 of 1 running.* · was down (\d\d:\d\d to \d\d:\d\d|at \d\d:\d\d): web STOPPED by hand$/,
    )
    assert.ok(kuma.heartbeats.slice(missed + 1).every((line) => !line.includes('was down')))
    assert.equal(await second.stop(), 0)
    assert.deepEqual((await state()).missed, [['kuma', { toldStatus: 'up', turns: [], forgotten: 0 }]])
  })

  test('keeps what a one-shot could not deliver for the next one', async (t) => {
    const { supervisord, kuma, start } = await scene(t)
    const once = () => start('once').ended
    assert.equal(await once(), 0)
    await kuma.goAway()
    await supervisord.ctl('stop', 'web')
    assert.equal(await once(), 69)
    await supervisord.ctl('start', 'web')
    await kuma.comeBack()
    assert.equal(await once(), 0)
    assert.match(kuma.heartbeats[1] ?? '', /^up 1 of 1 running.* · was down .*: web STOPPED by hand$/)
    assert.equal(await once(), 0)
    assert.doesNotMatch(kuma.heartbeats[2] ?? '', /was down/)
  })
})

describe('a restart that nobody asked for', () => {
  test('is told in one delivered message, and no more', async (t) => {
    const { supervisord, kuma, start } = await scene(t)
    const agent = start('run')
    // supervisord's start times are whole seconds: one that has moved shows itself only then.
    await eventually('seconds have passed', () => kuma.heartbeats.length > 2)
    const pid = Number(await supervisord.ctl('pid', 'web'))
    process.kill(pid, 'SIGKILL')
    const isTold = () => kuma.heartbeats.filter((line) => line.includes('web restarted 1×')).length
    await eventually('the restart is told', isTold)
    const count = kuma.heartbeats.length
    await eventually('more heartbeats', () => kuma.heartbeats.length >= count + 3)
    assert.equal(isTold(), 1)
    assert.equal(await agent.stop(), 0)
  })
})

test('two Kumas are told side by side, by a monitor for each', async (t) => {
  const { folder, supervisord, kuma: office, start } = await scene(t)
  const cloud = await startKuma(t)
  const config = join(folder, 'config.toml')
  await writeFile(
    config,
    `[[kuma]]
    name = "office"
    url = "${office.url}"
    [[kuma]]
    name = "cloud"
    url = "${cloud.url}"
    [agent]
    check_every = "1s"
    push_every = "2s"
    state_file = "state.json"
    [[supervisor]]
    unit = "none"
    url = "${supervisord.url}"
    [[monitor]]
    name = "all at office"
    token = "AWbUXTosJG"
    [[monitor]]
    name = "all at cloud"
    kuma = "cloud"
    token = "b7Kq2mXz9P"`,
    { mode: 0o600 },
  )
  await office.goAway()
  const agent = start('run', ['--config', config])
  await eventually('a heartbeat', () => cloud.heartbeats.length > 0)
  await supervisord.ctl('stop', 'web')
  await eventually('the cloud is told', () => cloud.heartbeats.at(-1)?.startsWith('down web STOPPED'))
  await supervisord.ctl('start', 'web')
  await eventually('the cloud is told', () => cloud.heartbeats.at(-1)?.startsWith('up 1 of 1'))
  assert.ok(cloud.heartbeats.every((line) => !line.includes('was down')))

  const pid = Number(await supervisord.ctl('pid', 'web'))
  process.kill(pid, 'SIGKILL')
  const restarts = (kuma: typeof cloud) => kuma.heartbeats.filter((line) => line.includes('web restarted 1×'))
  await eventually('the cloud is told of the restart', () => restarts(cloud).length > 0)
  const count = cloud.heartbeats.length
  await eventually('more heartbeats', () => cloud.heartbeats.length >= count + 3)
  assert.equal(restarts(cloud).length, 1, 'the office, which has not heard of it, is none of its business')

  await office.comeBack()
  await eventually('the office is told', () => office.heartbeats.length > 0)
  assert.match(
    office.heartbeats[0] ?? '',
    /^up 1 of 1 running.* · web restarted 1×.* · was down .*: web STOPPED by hand$/,
  )
  await eventually('more heartbeats', () => office.heartbeats.length >= 3)
  assert.equal(restarts(office).length, 1)
  assert.match(agent.stderr, /^warn: not delivered: all at office: .*refuses connections/m)
})

test('a heartbeat that repeats what Kuma knows has less time for its answer than news', async (t) => {
  const { supervisord, start, folder } = await scene(t)
  const kuma = await startReceiver(t)
  const config = join(folder, 'config.toml')
  await writeFile(
    config,
    `[kuma]\nurl = "${kuma.url}"\n[agent]\npush_every = "4s"\ncheck_every = "1s"\nstate_file = "state.json"
    [[supervisor]]\nunit = "none"\nurl = "${supervisord.url}"\n[[monitor]]\ntoken = "AWbUXTosJG"`,
    { mode: 0o600 },
  )
  // A kind of failure is logged once: so one agent for each.
  const repeating = start('run', ['--config', config])
  await kuma.waitFor('up')
  kuma.script(() => undefined)
  await eventually('it has waited', () => /did not answer within 2000 ms/.test(repeating.stderr))
  assert.equal(await repeating.stop(), 0)

  kuma.script((_, response, arrival) => {
    if (arrival.status === 'down') return
    arrival.accepted = true
    response.end('{"ok":true}')
  })
  const telling = start('run', ['--config', config])
  await kuma.waitFor('up', performance.now())
  await supervisord.ctl('stop', 'web')
  await eventually('it has waited', () => /did not answer within 5000 ms/.test(telling.stderr))
  assert.equal(kuma.mostAtOnce, 1)
})
