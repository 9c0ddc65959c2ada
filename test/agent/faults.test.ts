import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createFaults } from '../../src/agent/faults.ts'
import { memoryLog } from '../helpers/memory-log.ts'

const MINUTE = 60_000

function scene() {
  const log = memoryLog()
  const reported: string[] = []
  const clock = { nowMs: 0 }
  const faults = createFaults({
    log,
    now: () => clock.nowMs,
    report: (message) => void reported.push(message),
  })
  return { log, reported, clock, faults }
}

describe('a fault of the agent', () => {
  it('is logged with its trace and reported, and the agent goes on', () => {
    const { log, reported, faults } = scene()
    assert.equal(faults.take('the process', new TypeError('x is not a function')), true)
    assert.match(
      log.lines[0] ?? '',
      /^error: agent error in the process: TypeError: x is not a function\n +at /,
    )
    assert.equal(faults.take('the process', 'just a text'), true)
    assert.equal(log.lines[1], 'error: agent error in the process: just a text')
    assert.deepEqual(reported, ['x is not a function', 'just a text'])
  })

  it('is reported each time, and logged once in an hour with a count', () => {
    const { log, reported, clock, faults } = scene()
    for (let minute = 0; minute <= 120; minute += 1) {
      clock.nowMs = minute * MINUTE
      assert.equal(faults.take('the process', 'again'), true)
    }
    assert.equal(reported.length, 121)
    assert.deepEqual(log.lines, [
      'error: agent error in the process: again',
      'error: agent error in the process (59 times more since the last line): again',
      'error: agent error in the process (59 times more since the last line): again',
    ])
  })

  it('that comes five times within a minute ends the agent', () => {
    const { log, faults } = scene()
    const goesOn = [1, 2, 3, 4, 5].map((number) => faults.take('the process', `fault ${number}`))
    assert.deepEqual(goesOn, [true, true, true, true, false])
    assert.equal(log.lines.at(-1), 'error: 5 agent errors within a minute: giving up, to be started anew')
  })
})
