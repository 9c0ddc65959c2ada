import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { EMPTY_STATE } from '../../src/rules/state.ts'
import { Observer } from '../helpers/observer.ts'
import type { HttpReading } from '../../src/collect/http-check.ts'
import type { Snapshot } from '../../src/collect/snapshot.ts'
import type { ProcessState } from '../../src/collect/supervisor/process-info.ts'
import {
  answered,
  failed,
  healthy,
  snapshot,
  program,
  monitorSettings,
  unitState,
} from '../helpers/snapshots.ts'

describe('the quorum', () => {
  const workers = (...states: Parameters<typeof program>[1][]) =>
    snapshot(unitState(), answered(states.map((state, index) => program(`w:${index}`, state))))

  it('tolerates what it need not have, and still names it', () => {
    const { status, message } = new Observer(monitorSettings({ minRunning: 3 })).settle(
      workers('RUNNING', 'RUNNING', 'RUNNING', 'FATAL'),
    )
    assert.deepEqual([status, message], ['up', 'w:3 FATAL: supervisord does not say why · 3 of 4 running'])
  })

  it('is down with the cause when too few are left', () => {
    const { status, message } = new Observer(monitorSettings({ minRunning: 3 })).settle(
      workers('RUNNING', 'RUNNING', 'FATAL', 'FATAL'),
    )
    assert.deepEqual(
      [status, message],
      ['down', 'w:2 FATAL: supervisord does not say why (+1 more: w:3) · 2 of 4 running'],
    )
  })

  it('counts a program that is on its way', () => {
    const observer = new Observer(monitorSettings({ minRunning: 2 }))
    assert.equal(observer.see(workers('RUNNING', 'STARTING', 'FATAL')).verdict?.status, 'up')
  })

  it('waits for what is about to count where that would break it, and goes down when it does', () => {
    const observer = new Observer(monitorSettings({ minRunning: 4 }))
    const seen = workers('RUNNING', 'RUNNING', 'RUNNING', 'STOPPED')
    const first = observer.see(seen)
    assert.deepEqual([first.verdict, first.settled, first.againMs], [null, false, 3_000])
    assert.equal(observer.see(seen, 3).verdict?.status, 'down')
    const running = new Observer(monitorSettings({ minRunning: 4 }))
    running.settle(workers('RUNNING', 'RUNNING', 'RUNNING', 'RUNNING'))
    const { verdict, settled } = running.see(seen)
    assert.deepEqual(
      [verdict?.message, settled],
      ['checking again: w:3 STOPPED by hand · 3 of 4 running', false],
    )
  })

  it('waits for nothing that it need not have', () => {
    const { verdict, settled } = new Observer(monitorSettings({ minRunning: 3 })).see(
      workers('RUNNING', 'RUNNING', 'RUNNING', 'STOPPED'),
    )
    assert.deepEqual([verdict?.status, settled], ['up', true])
  })

  it('does not count programs that have done their work', () => {
    const { status, message } = new Observer(monitorSettings({ minRunning: 2 })).settle(
      workers('RUNNING', 'EXITED', 'EXITED'),
    )
    assert.deepEqual(
      [status, message],
      ['down', 'only 1 running, at least 2 needed · 1 of 3 running, 2 exited as expected'],
    )
  })

  it('names a minimum that cannot be met', () => {
    const { message } = new Observer(monitorSettings({ minRunning: 5 })).settle(workers('RUNNING', 'RUNNING'))
    assert.equal(message, 'min_running is 5 but there are only 2 programs · 2 of 2 running')
    const alone = new Observer(monitorSettings({ minRunning: 2 })).settle(workers('RUNNING'))
    assert.equal(alone.message, 'min_running is 2 but there is only 1 program · 1 of 1 running')
  })
})

describe('a recovery', () => {
  const limit = monitorSettings({ memoryBytes: 60_000_000 })
  const hog = (state: ProcessState, bytes: number): Snapshot =>
    snapshot(unitState(), answered([program('hog', state)]), null, {
      memory: { kind: 'read', bytes: new Map([[1234, bytes]]) },
    })

  it('waits for a check in which what made it necessary is not even pending', () => {
    const observer = new Observer(limit)
    observer.settle(hog('RUNNING', 133_000_000))
    const statuses = [
      hog('STOPPING', 0),
      hog('STARTING', 1),
      hog('RUNNING', 133_000_000),
      hog('RUNNING', 133_000_000),
      hog('RUNNING', 1),
    ].map((seen) => observer.see(seen, 1).verdict?.status)
    assert.deepEqual(statuses, ['down', 'down', 'down', 'down', 'up'])
  })

  it('waits for it when it came to count later, too', () => {
    const observer = new Observer(limit)
    const both = (state: ProcessState, bytes: number): Snapshot =>
      snapshot(unitState(), answered([program('hog', 'RUNNING'), program('web', state)]), null, {
        memory: { kind: 'read', bytes: new Map([[1234, bytes]]) },
      })
    observer.settle(both('FATAL', 1))
    observer.settle(both('FATAL', 133_000_000))
    observer.see(both('FATAL', 1))
    const { verdict } = observer.see(both('RUNNING', 133_000_000))
    assert.equal(verdict?.status, 'down')
  })

  it('waits for the answer of a page that made it necessary', () => {
    const url = 'http://127.0.0.1:8000/'
    const http = { url, status: [200], body: null, timeoutMs: 10_000, when: 'running' as const }
    const observer = new Observer(monitorSettings({ http }))
    const page = (state: ProcessState, reading: HttpReading | null): Snapshot =>
      snapshot(unitState(), answered([program('web', state, { start: 0 })]), null, {
        http: new Map(reading === null ? [] : [[url, reading]]),
      })
    observer.settle(page('RUNNING', { kind: 'failed', text: 'did not answer within 10 s' }))
    assert.equal(observer.see(page('STOPPED', null)).verdict?.status, 'up')
    observer.settle(page('RUNNING', { kind: 'failed', text: 'did not answer within 10 s' }))
    const ok = { kind: 'answered', status: 200, location: null, found: [], isWhole: true } as const
    assert.equal(observer.see(page('RUNNING', { kind: 'waiting' })).verdict?.status, 'down')
    assert.equal(observer.see(page('RUNNING', ok)).verdict?.status, 'up')
  })
})

describe('a verdict that turns again and again', () => {
  const stopped = snapshot(unitState(), answered([program('web', 'FATAL', { spawnerr: 'no' })]))
  const well = healthy('web')
  const flap = (times: number): Observer => {
    const observer = new Observer(monitorSettings())
    for (let count = 0; count < times; count += 1) {
      observer.see(well, 7)
      observer.see(stopped, 18)
    }
    return observer
  }

  it('stays down from its third turn in five minutes on, until five minutes without a problem', () => {
    const observer = flap(2)
    assert.equal(observer.see(well, 7).verdict?.status, 'up')
    assert.equal(
      observer.see(stopped, 18).verdict?.message,
      'flaps: 3 times in 50 s: web FATAL: no · 0 of 1 running',
    )
    assert.deepEqual(observer.see(well, 7).verdict, {
      status: 'down',
      message: 'flaps: 3 times in 57 s: web FATAL: no · 1 of 1 running',
      ping: 3,
    })
    assert.match(
      observer.see(stopped, 18).verdict?.message ?? '',
      /^flaps: 4 times in 1 min 15 s: web FATAL: no ·/,
    )
    assert.equal(
      observer.see(well, 250).verdict?.message,
      'flaps: last time 4 min 10 s ago: web FATAL: no · 1 of 1 running',
    )
    assert.equal(observer.see(well, 49).verdict?.status, 'down')
    assert.deepEqual(observer.see(well, 1).verdict?.message, '1 of 1 running')
    assert.equal(observer.state.flaps.isFlapping, false)
  })

  it('names a problem that lasts by itself again', () => {
    const observer = flap(3)
    for (let count = 0; count < 4; count += 1) observer.see(stopped, 90)
    assert.equal(observer.see(stopped).verdict?.message, 'web FATAL: no · 0 of 1 running')
    assert.match(observer.see(well, 60).verdict?.message ?? '', /^flaps: last time 1 min ago: web FATAL: no/)
  })

  it('is no flapping when it is rare', () => {
    const observer = new Observer(monitorSettings())
    for (let count = 0; count < 5; count += 1) {
      assert.equal(observer.see(stopped, 10).verdict?.status, 'down')
      assert.equal(observer.see(well, 150).verdict?.status, 'up')
    }
  })

  it('names a crash loop before itself', () => {
    const observer = flap(3)
    const events = [
      { name: 'web', kind: 'running' },
      { name: 'web', kind: 'exited', expected: false, why: 'exit 1' },
    ] as const
    const looping = program('web', 'RUNNING', { start: 9, pid: 9 })
    const seen = answered([looping], null, { events: [...events, ...events, ...events] })
    observer.see(healthy('web'))
    assert.match(
      observer.see(snapshot(unitState(), seen)).verdict?.message ?? '',
      /^web crash loop: 3 restarts/,
    )
  })
})

it('leaves the state it was given untouched', () => {
  const observer = new Observer(monitorSettings())
  observer.see(snapshot(unitState(), failed('refused')))
  assert.equal(EMPTY_STATE.problems.size, 0)
})
