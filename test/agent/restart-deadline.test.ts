import assert from 'node:assert/strict'
import { test } from 'node:test'
import { restartDeadline } from '../../src/agent/restart-deadline.ts'
import { memoryLog } from '../helpers/memory-log.ts'

/**
 * An agent that is told to end in the middle of a restart, whose every wait is over once `during` is.
 * @param isStop whether the process is to end, rather than its configuration
 */
async function endDuring(during: (deadline: ReturnType<typeof restartDeadline>) => void, isStop = true) {
  const ending = new AbortController()
  const log = memoryLog()
  const held: string[] = []
  let waits = 0
  const deadline = restartDeadline(ending.signal, {
    program: 'web:web',
    log,
    clock: {
      now: () => 0,
      random: () => 0,
      sleep() {
        waits += 1
        assert.equal(deadline.signal.aborted, false)
        during(deadline)
        return Promise.resolve()
      },
    },
    holdStop() {
      if (!isStop) return null
      held.push('held')
      return () => void held.push('released')
    },
  })
  const over = new Promise((resolve) => deadline.signal.addEventListener('abort', resolve))
  assert.deepEqual([waits, held], [0, []])
  ending.abort()
  await over
  // What follows the end in the same turn.
  await Promise.resolve()
  return { waits, held, lines: log.lines }
}

test('a program that is stopping still is waited for, and not for ever', async () => {
  const { waits, held, lines } = await endDuring((deadline) => deadline.stopping())
  assert.equal(waits, 10)
  assert.deepEqual(held, ['held', 'released'])
  assert.deepEqual(lines, [
    'info: ending once web:web has stopped and is started again, or after 13.5 s; a second signal ends the agent at once',
  ])
})

test('a supervisord that falls silent is not waited for any longer', async () => {
  let said = 0
  const { waits, held } = await endDuring((deadline) => {
    if (said < 3) deadline.stopping()
    said += 1
  })
  assert.equal(waits, 4)
  assert.deepEqual(held, ['held', 'released'])
})

test('another configuration is not kept waiting for a program that is stopping still', async () => {
  const { waits, lines } = await endDuring((deadline) => deadline.stopping(), false)
  assert.deepEqual([waits, lines], [1, []])
})

test('a restart that has ended holds up nothing', async () => {
  const { waits, held } = await endDuring((deadline) => {
    deadline.stopping()
    deadline.close()
  })
  assert.equal(waits, 1)
  assert.deepEqual(held, ['held', 'released'])
})

test('an agent that is told to end before the restart has begun gives it as long', async () => {
  let waits = 0
  const deadline = restartDeadline(AbortSignal.abort(), {
    program: 'web:web',
    log: memoryLog(),
    clock: { now: () => 0, random: () => 0, sleep: () => Promise.resolve(void (waits += 1)) },
    holdStop: () => null,
  })
  await new Promise((resolve) => deadline.signal.addEventListener('abort', resolve))
  assert.equal(waits, 1)
})
