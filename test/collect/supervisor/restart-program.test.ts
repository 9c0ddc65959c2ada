import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SupervisorClient } from '../../../src/collect/supervisor/client.ts'
import { PROCESS_STATES, type ProcessState } from '../../../src/collect/supervisor/process-info.ts'
import { restartProgram } from '../../../src/collect/supervisor/restart-program.ts'

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
  let stoppings = 0
  const outcome = await restartProgram(
    {
      call(method, params) {
        asked.push(method.replace('supervisor.', ''))
        assert.equal(params[0], 'web')
        const answer = left.shift()
        assert.ok(answer, `no answer is left for ${asked.join(', ')}`)
        return Promise.resolve(answer)
      },
    },
    {
      program: 'web',
      task: more.task ?? 'restart',
      stopWithinMs: 3_000,
      onStopping: () => void (stoppings += 1),
      now: () => nowMs,
      sleep: () => {
        nowMs += 1_000
        return Promise.resolve()
      },
    },
    more.signal ?? new AbortController().signal,
  )
  assert.deepEqual(left, [])
  return { outcome, asked, stoppings }
}

test('a program is stopped, waited for and started', async () => {
  const { outcome, asked, stoppings } = await restart([done, inState('STOPPING'), inState('STOPPED'), done])
  assert.deepEqual(outcome, { kind: 'restarted' })
  assert.deepEqual(asked, ['stopProcess', 'getProcessInfo', 'getProcessInfo', 'startProcess'])
  assert.equal(stoppings, 1, 'that it is stopping is told each time')
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

test('the end of the agent ends the wait', async () => {
  const { outcome } = await restart([done, inState('STOPPING')], { signal: AbortSignal.abort() })
  const why = 'cut short by a stop or reload of the agent, which starts it when it runs again'
  assert.deepEqual(outcome, { kind: 'failed', why, leftStopped: true })
})
