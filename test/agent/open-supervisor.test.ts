import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openSupervisor } from '../../src/agent/open-supervisor.ts'
import { memoryLog } from '../helpers/memory-log.ts'
import { startRpcServer, xmlAnswer } from '../helpers/rpc-server.ts'

const STATES = { RUNNING: 20, STOPPING: 40, STOPPED: 0 } as const

/** A supervisord whose only program stops when the test says so, and an agent that restarts it. */
async function restarting(t: TestContext, passes: (ms: number) => boolean) {
  const asked: string[] = []
  let state: keyof typeof STATES = 'RUNNING'
  const { url } = await startRpcServer(t, (method) => {
    asked.push(method)
    if (method === 'supervisor.stopProcess') state = 'STOPPING'
    if (method === 'supervisor.startProcess') state = 'RUNNING'
    if (method !== 'supervisor.getProcessInfo') return xmlAnswer('<boolean>1</boolean>')
    return xmlAnswer(
      `<struct><member><name>name</name><value><string>web</string></value></member>` +
        `<member><name>state</name><value><int>${STATES[state]}</int></value></member></struct>`,
    )
  })
  const door = openSupervisor(
    {
      name: 'local',
      unit: 'none',
      url: url.href,
      username: null,
      password: null,
      caFile: null,
      timeoutMs: 60_000,
    },
    {
      env: {},
      own: null,
      clock: {
        now: () => performance.now(),
        sleep: (ms, signal) =>
          passes(ms) ? sleep(1) : new Promise((resolve) => signal.addEventListener('abort', () => resolve())),
        random: () => 0,
      },
      log: memoryLog(),
      holdStop: () => null,
      onEnd: () => {},
    },
  )
  t.after(() => door.close())
  const stop = new AbortController()
  // The client is opened by the first look.
  await door.read(stop.signal)
  const ended = door.restart({ program: 'web:web', task: 'restart', why: '' }, 60_000, stop.signal)
  while (!asked.includes('supervisor.getProcessInfo')) await sleep(1)
  return { asked, stop, ended, letStop: () => void (state = 'STOPPED') }
}

test('a stop of the agent lets a restart come to its end that needs little time', async (t) => {
  const { asked, stop, ended, letStop } = await restarting(t, (ms) => ms < 1_000)
  stop.abort()
  letStop()
  assert.deepEqual(await ended, { kind: 'restarted' })
  assert.ok(asked.includes('supervisor.startProcess'))
})

test('a stop of the agent does not wait for a program that takes long to stop', async (t) => {
  const { asked, stop, ended } = await restarting(t, () => true)
  stop.abort()
  const outcome = await ended
  assert.equal(outcome.kind === 'failed' && outcome.leftStopped, true)
  assert.ok(!asked.includes('supervisor.startProcess'))
})
