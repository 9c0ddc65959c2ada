import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { MemoryReading } from '../../src/collect/memory-reading.ts'
import type { ProcessInfo } from '../../src/collect/supervisor/process-info.ts'
import { describeSize } from '../../src/lib/text.ts'
import { answered, snapshot, program, rules, unitState } from '../helpers/snapshots.ts'
import { Observer } from '../helpers/observer.ts'

const MB = 1024 ** 2
const LIMITED = rules({ memoryBytes: 512 * MB })

function using(bytes: number, more: Partial<ProcessInfo> = {}, state: ProcessInfo['state'] = 'RUNNING') {
  return looking({ kind: 'read', bytes: new Map([[1234, bytes]]) }, more, state)
}

function looking(
  memory: MemoryReading,
  more: Partial<ProcessInfo> = {},
  state: ProcessInfo['state'] = 'RUNNING',
) {
  return snapshot(unitState(), answered([program('worker', state, more)]), 60, { memory })
}

describe('a memory limit', () => {
  it('is over with the second look that sees too much, and kept again with the first that does not', () => {
    const observer = new Observer(LIMITED)
    observer.settle(using(100 * MB))
    assert.equal(observer.see(using(612 * MB)).verdict?.status, 'up')
    const { verdict } = observer.see(using(612 * MB))
    assert.deepEqual(verdict, {
      status: 'down',
      message: 'worker uses 612 MB, limit 512 MB · 1 of 1 running',
      ping: 3,
    })
    assert.equal(observer.see(using(512 * MB)).verdict?.status, 'up')
  })

  it('does not depend on how often somebody looks', () => {
    const observer = new Observer(LIMITED)
    observer.settle(using(100 * MB))
    for (let looks = 0; looks < 30; looks += 1) {
      assert.equal(observer.see(using(612 * MB), 0.1).verdict?.status, 'up')
    }
    assert.equal(observer.see(using(612 * MB), 1).verdict?.status, 'down')
  })

  it('is not tolerated by a quorum', () => {
    const observer = new Observer(rules({ memoryBytes: 512 * MB, minRunning: 1 }))
    assert.equal(observer.settle(using(612 * MB)).status, 'down')
  })

  it('says nothing of a program that is being stopped, and nothing of one that has ended', () => {
    const stopping = new Observer(LIMITED)
    assert.equal(
      stopping.see(using(612 * MB, {}, 'STOPPING')).verdict?.message,
      'worker STOPPING · 0 of 1 running',
    )
    assert.equal(new Observer(LIMITED).settle(using(612 * MB, { pid: 99 })).status, 'up')
  })

  it('says nothing where there is none', () => {
    assert.equal(new Observer(rules()).settle(using(612 * MB)).status, 'up')
  })

  it('is told not to be watched where memory cannot be read', () => {
    const memory: MemoryReading = { kind: 'failed', why: 'supervisord does not tell its pid' }
    const says =
      '1 of 1 running · memory limit not checked: supervisord does not tell its pid · supervisord up 1 min'
    assert.equal(new Observer(LIMITED).settle(looking(memory)).message, says)
    assert.equal(
      new Observer(rules()).settle(looking(memory)).message,
      '1 of 1 running · supervisord up 1 min',
    )
  })
})

describe('a size', () => {
  const rows: [number, string][] = [
    [0, '0 KB'],
    [1, '0.1 KB'],
    [1024, '1 KB'],
    [512 * MB, '512 MB'],
    [512 * MB + 1, '512.1 MB'],
    [1536 * MB, '1.5 GB'],
  ]
  for (const [bytes, says] of rows)
    it(`of ${bytes} bytes is ${says}`, () => assert.equal(describeSize(bytes), says))
})
