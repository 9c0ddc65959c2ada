import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SupervisorClient } from '../../../src/collect/supervisor/client.ts'
import { PROCESS_STATES, type ProcessState } from '../../../src/collect/supervisor/process-info.ts'
import { ProgramRestarter, RestartDeadline } from '../../../src/collect/supervisor/restart.ts'
import { memoryLog } from '../../helpers/memory-log.ts'
import { openClient } from '../../helpers/open-client.ts'
import { startRpcServer, xmlAnswer } from '../../helpers/rpc-server.ts'

type Answer = Awaited<ReturnType<SupervisorClient['call']>>

const done: Answer = { kind: 'value', value: true }
const failed = (reason: 'fault' | 'timeout', detail: string): Answer => ({
  kind: 'failed',
  failure: { reason, url: 'unix:///s', detail },
})
const inState = (state: ProcessState): Answer => {
  const number = [...PROCESS_STATES].find(([, name]) => name === state)?.[0] ?? NaN
  const info: [string, string | number][] = [
    ['name', 'web'],
    ['state', number],
  ]
  return { kind: 'value', value: new Map(info) }
}

/** Restarts `web` at a supervisord that answers in this order; a second passes with each sleep. */
async function restart(
  answers: readonly Answer[],
  more: { task?: 'restart' | 'start'; signal?: AbortSignal } = {},
) {
  const left = [...answers]
  const asked: string[] = []
  let nowMs = 0
  const client: Pick<SupervisorClient, 'call'> = {
    call(method, params) {
      asked.push(method.replace('supervisor.', ''))
      assert.equal(params[0], 'web')
      const answer = left.shift()
      assert.ok(answer, `no answer is left for ${asked.join(', ')}`)
      return Promise.resolve(answer)
    },
  }
  const clock = {
    now: () => nowMs,
    random: () => 0,
    sleep: () => {
      nowMs += 1_000
      return Promise.resolve()
    },
  }
  const restarter = new ProgramRestarter(client, { clock, log: memoryLog(), holdStop: () => null })
  const order = { program: 'web', task: more.task ?? 'restart' }
  const outcome = await restarter.restart(order, 3_000, more.signal ?? new AbortController().signal)
  assert.deepEqual(left, [])
  return { outcome, asked }
}

test('a program is stopped, waited for and started', async () => {
  const { outcome, asked } = await restart([done, inState('STOPPING'), inState('STOPPED'), done])
  assert.deepEqual(outcome, { kind: 'restarted' })
  assert.deepEqual(asked, ['stopProcess', 'getProcessInfo', 'getProcessInfo', 'startProcess'])
})

test('one that was left stopped is only started', async () => {
  const { outcome, asked } = await restart([done], { task: 'start' })
  assert.deepEqual(outcome, { kind: 'restarted' })
  assert.deepEqual(asked, ['startProcess'])
})

test('one that does not stop is given up, and may be stopped later', async () => {
  const { outcome } = await restart([done, ...Array.from({ length: 4 }, () => inState('STOPPING'))])
  assert.deepEqual(outcome, { kind: 'failed', why: 'it has not stopped within 3 s', leftStopped: true })
})

test('a refused stop leaves the program as it is', async () => {
  const { outcome } = await restart([failed('fault', 'BAD_NAME'), inState('RUNNING')])
  assert.deepEqual(outcome, { kind: 'failed', why: 'BAD_NAME', leftStopped: false })
})

test('a stop without an answer may have stopped it', async () => {
  const { outcome } = await restart([failed('timeout', 'no answer'), inState('RUNNING')])
  assert.deepEqual(outcome, { kind: 'failed', why: 'no answer', leftStopped: true })
})

test('a program that has ended by itself is started all the same', async () => {
  const { outcome } = await restart([failed('fault', 'NOT_RUNNING'), inState('EXITED'), done])
  assert.deepEqual(outcome, { kind: 'restarted' })
})

test('a start that is refused because it runs already is none the worse', async () => {
  const { outcome } = await restart([
    done,
    inState('STOPPED'),
    failed('fault', 'ALREADY_STARTED'),
    inState('RUNNING'),
  ])
  assert.deepEqual(outcome, { kind: 'restarted' })
})

test('a start that fails says so, and that it is stopped now', async () => {
  const { outcome } = await restart([
    done,
    inState('STOPPED'),
    failed('fault', 'SPAWN_ERROR'),
    inState('BACKOFF'),
  ])
  assert.deepEqual(outcome, { kind: 'failed', why: 'SPAWN_ERROR', leftStopped: true })
})

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
  const clock = {
    now: () => performance.now(),
    sleep: (ms: number, signal: AbortSignal) =>
      passes(ms)
        ? sleep(1)
        : new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve())),
    random: () => 0,
  }
  const restarter = new ProgramRestarter(openClient(t, url, { timeoutMs: 60_000 }), {
    clock,
    log: memoryLog(),
    holdStop: () => null,
  })
  const stop = new AbortController()
  const ended = restarter.restart({ program: 'web:web', task: 'restart' }, 60_000, stop.signal)
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

/**
 * An agent that is told to end in the middle of a restart, whose every wait is over once `during` is.
 * @param isStop whether the process is to end, rather than its configuration
 */
async function endDuring(during: (deadline: RestartDeadline) => void, isStop = true) {
  const ending = new AbortController()
  const log = memoryLog()
  const held: string[] = []
  let waits = 0
  const clock = {
    now: () => 0,
    random: () => 0,
    sleep() {
      waits += 1
      assert.equal(deadline.signal.aborted, false)
      during(deadline)
      return Promise.resolve()
    },
  }
  const holdStop = () => {
    if (!isStop) return null
    held.push('held')
    return () => void held.push('released')
  }
  const deadline: RestartDeadline = new RestartDeadline(ending.signal, 'web:web', { clock, log, holdStop })
  const over = new Promise((resolve) => deadline.signal.addEventListener('abort', resolve))
  assert.deepEqual([waits, held], [0, []])
  ending.abort()
  await over
  // What follows the end in the same turn.
  await Promise.resolve()
  return { waits, held, lines: log.lines }
}

test('a program that is stopping still is waited for, and not for ever', async () => {
  const { waits, held, lines } = await endDuring((deadline) => deadline.noteStopping())
  assert.equal(waits, 10)
  assert.deepEqual(held, ['held', 'released'])
  assert.deepEqual(lines, [
    'info: ending once web:web has stopped and is started again, or after 13.5 s; a second signal ends the agent at once',
  ])
})

test('a supervisord that falls silent is not waited for any longer', async () => {
  let said = 0
  const { waits, held } = await endDuring((deadline) => {
    if (said < 3) deadline.noteStopping()
    said += 1
  })
  assert.equal(waits, 4)
  assert.deepEqual(held, ['held', 'released'])
})

test('another configuration is not kept waiting for a program that is stopping still', async () => {
  const { waits, lines } = await endDuring((deadline) => deadline.noteStopping(), false)
  assert.deepEqual([waits, lines], [1, []])
})

test('a restart that has ended holds up nothing', async () => {
  const { waits, held } = await endDuring((deadline) => {
    deadline.noteStopping()
    deadline.close()
  })
  assert.equal(waits, 1)
  assert.deepEqual(held, ['held', 'released'])
})

test('an agent that is told to end before the restart has begun gives it as long', async () => {
  let waits = 0
  const clock = { now: () => 0, random: () => 0, sleep: () => Promise.resolve(void (waits += 1)) }
  const deadline = new RestartDeadline(AbortSignal.abort(), 'web:web', {
    clock,
    log: memoryLog(),
    holdStop: () => null,
  })
  await new Promise((resolve) => deadline.signal.addEventListener('abort', resolve))
  assert.equal(waits, 1)
})
