import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { HttpCheck } from '../../src/config/config.ts'
import type { HttpReading } from '../../src/collect/http-check.ts'
import type { MemoryReading } from '../../src/collect/processes.ts'
import type { ProcessInfo } from '../../src/collect/supervisor/process-info.ts'
import type { RpcReading } from '../../src/collect/supervisor/rpc-reading.ts'
import { answered, failed, snapshot, program, monitorSettings, unitState } from '../helpers/snapshots.ts'
import { Observer } from '../helpers/observer.ts'

const URL_OF_CHECK = 'http://127.0.0.1:8000/health?key=secret'
const CHECK: HttpCheck = { url: URL_OF_CHECK, status: [200], body: null, timeoutMs: 10_000, when: 'running' }

function answer(status: number, more: Partial<Extract<HttpReading, { kind: 'answered' }>> = {}): HttpReading {
  return { kind: 'answered', status, location: null, found: [], isWhole: true, ...more }
}

const WAITING: HttpReading = { kind: 'waiting' }
const RUNNING = answered([program('web', 'RUNNING'), program('beat', 'RUNNING')])

function saw(reading: HttpReading | null, rpc: RpcReading = RUNNING) {
  return snapshot(unitState(), rpc, null, {
    http: new Map(reading === null ? [] : [[URL_OF_CHECK, reading]]),
  })
}

function states(web: ProcessInfo['state'], beat: ProcessInfo['state']): RpcReading {
  return answered([program('web', web), program('beat', beat)])
}

const observe = (more: Partial<HttpCheck> = {}, minRunning: number | null = null) =>
  new Observer(monitorSettings({ http: { ...CHECK, ...more }, minRunning }))

describe('an HTTP check', () => {
  const rows: [name: string, reading: HttpReading, check: Partial<HttpCheck>, says: string | null][] = [
    ['the right status', answer(200), {}, null],
    ['one of several right statuses', answer(204), { status: [200, 204] }, null],
    ['a wrong status', answer(503), { status: [200, 204] }, 'answered 503, expected 200 or 204'],
    [
      'a redirect',
      answer(302, { location: 'https://example.com/login' }),
      {},
      'answered 302 to https://example.com/login, expected 200',
    ],
    ['a redirect that is right', answer(302, { location: 'https://example.com/' }), { status: [302] }, null],
    ['the right text', answer(200, { found: ['ok'] }), { body: 'ok' }, null],
    ['a wrong text', answer(200), { body: 'ok' }, 'answered 200 without "ok"'],
    [
      'no text in the part that was read',
      answer(200, { isWhole: false }),
      { body: 'ok' },
      'answered 200 without "ok" in its first 1 MB',
    ],
    ['no answer', { kind: 'failed', text: 'did not answer within 10 s' }, {}, 'did not answer within 10 s'],
  ]
  for (const [name, reading, check, says] of rows) {
    it(`with ${name} is ${says === null ? 'up' : 'down'}`, () => {
      const { status, message } = observe(check).settle(saw(reading))
      const trouble = says === null ? '' : `http://127.0.0.1:8000/health?… ${says} · `
      assert.equal(message, `${trouble}2 of 2 running`)
      assert.equal(status, says === null ? 'up' : 'down')
    })
  }

  it('is down after two failures that are ten seconds apart, and up with the first good answer', () => {
    const observer = observe()
    observer.settle(saw(answer(200)))
    const seen = [5, 5, 5].map((seconds) => observer.see(saw(answer(503)), seconds).verdict?.status)
    assert.deepEqual(seen, ['up', 'up', 'down'])
    assert.equal(observer.see(saw(answer(200))).verdict?.status, 'up')
  })

  it('is not counted twice while a page takes its time', () => {
    const observer = observe()
    observer.settle(saw(answer(200)))
    observer.see(saw({ kind: 'failed', text: 'did not answer within 10 s' }))
    for (let checks = 0; checks < 10; checks += 1) {
      const { verdict, settled } = observer.see(saw(WAITING))
      assert.equal(verdict?.status, 'up')
      assert.equal(settled, false)
    }
    assert.equal(
      observer.see(saw({ kind: 'failed', text: 'did not answer within 10 s' })).verdict?.status,
      'down',
    )
    assert.equal(observer.see(saw(WAITING)).verdict?.status, 'down')
  })

  it('leaves it open before the first answer has come', () => {
    const observer = observe()
    assert.equal(observer.see(saw(WAITING)).verdict, null)
    assert.equal(observer.see(saw(answer(200))).verdict?.status, 'up')
  })

  it('does not count while a program is on its way, and does not turn good by that', () => {
    const observer = observe()
    observer.settle(saw(answer(503)))
    const { verdict } = observer.see(saw(answer(503), states('STARTING', 'RUNNING')))
    assert.equal(verdict?.status, 'down')
    const fresh = observe()
    for (let checks = 0; checks < 3; checks += 1)
      fresh.see(saw(answer(503), states('STARTING', 'RUNNING')), 3)
    assert.equal(fresh.see(saw(answer(503))).verdict?.status, 'up')
  })

  it('counts with a quorum as long as that is met', () => {
    const rpc = states('RUNNING', 'BACKOFF')
    assert.match(observe({}, 1).settle(saw(answer(503), rpc)).message, /answered 503/)
  })

  it('does not count when nothing runs', () => {
    const none = answered([program('web', 'STOPPED', { start: 0 })])
    const observer = observe()
    observer.settle(saw(answer(503)))
    const { verdict } = observer.see(saw(null, none))
    assert.deepEqual(verdict, { status: 'up', message: '0 of 1 running, 1 never started', ping: 3 })
  })

  it('with when = "always" counts even then', () => {
    const none = answered([program('web', 'STOPPED', { start: 0 })])
    assert.equal(observe({ when: 'always' }).settle(saw(answer(503), none)).status, 'down')
  })

  it('says nothing where supervisord does not answer, but is not forgotten', () => {
    const observer = observe()
    observer.settle(saw(answer(503)))
    const { verdict } = observer.see(saw(null, failed('timeout')))
    assert.equal(verdict?.status, 'down')
    assert.match(observer.state.httpFailure ?? '', /answered 503/)
  })

  it('names a program that does not run before the page that does not answer', () => {
    const rpc = answered([program('web', 'FATAL'), program('beat', 'RUNNING')])
    assert.match(observe().settle(saw(answer(503), rpc)).message, /^web FATAL: .* \(\+1 more: http\)/)
  })
})

const MB = 1024 ** 2
const LIMITED = monitorSettings({ memoryBytes: 512 * MB })

function using(bytes: number, more: Partial<ProcessInfo> = {}, state: ProcessInfo['state'] = 'RUNNING') {
  return withMemory({ kind: 'read', bytes: new Map([[1234, bytes]]) }, more, state)
}

function withMemory(
  memory: MemoryReading,
  more: Partial<ProcessInfo> = {},
  state: ProcessInfo['state'] = 'RUNNING',
) {
  return snapshot(unitState(), answered([program('worker', state, more)]), 60, { memory })
}

describe('a memory limit', () => {
  it('is exceeded with the second snapshot that shows too much, and kept again with the first that does not', () => {
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

  it('does not depend on how often the agent checks', () => {
    const observer = new Observer(LIMITED)
    observer.settle(using(100 * MB))
    for (let checks = 0; checks < 30; checks += 1) {
      assert.equal(observer.see(using(612 * MB), 0.1).verdict?.status, 'up')
    }
    assert.equal(observer.see(using(612 * MB), 1).verdict?.status, 'down')
  })

  it('is not tolerated by a quorum', () => {
    const observer = new Observer(monitorSettings({ memoryBytes: 512 * MB, minRunning: 1 }))
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
    assert.equal(new Observer(monitorSettings()).settle(using(612 * MB)).status, 'up')
  })

  it('is told not to be watched where memory cannot be read', () => {
    const memory: MemoryReading = { kind: 'failed', why: 'supervisord does not tell its pid' }
    const says =
      '1 of 1 running · memory limit not checked: supervisord does not tell its pid · supervisord up 1 min'
    assert.equal(new Observer(LIMITED).settle(withMemory(memory)).message, says)
    assert.equal(
      new Observer(monitorSettings()).settle(withMemory(memory)).message,
      '1 of 1 running · supervisord up 1 min',
    )
  })
})
