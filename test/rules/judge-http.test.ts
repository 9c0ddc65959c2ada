import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { HttpCheck } from '../../src/config/config.ts'
import type { HttpReading } from '../../src/collect/http-reading.ts'
import type { ProcessInfo } from '../../src/collect/supervisor/process-info.ts'
import type { RpcReading } from '../../src/collect/supervisor/rpc-reading.ts'
import { answered, failed, snapshot, program, rules, unitState } from '../helpers/snapshots.ts'
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
  new Observer(rules({ http: { ...CHECK, ...more }, minRunning }))

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
    ['no answer', { kind: 'failed', says: 'did not answer within 10 s' }, {}, 'did not answer within 10 s'],
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
    observer.see(saw({ kind: 'failed', says: 'did not answer within 10 s' }))
    for (let looks = 0; looks < 10; looks += 1) {
      const { verdict, settled } = observer.see(saw(WAITING))
      assert.equal(verdict?.status, 'up')
      assert.equal(settled, false)
    }
    assert.equal(
      observer.see(saw({ kind: 'failed', says: 'did not answer within 10 s' })).verdict?.status,
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
    for (let looks = 0; looks < 3; looks += 1) fresh.see(saw(answer(503), states('STARTING', 'RUNNING')), 3)
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
    assert.match(observe().settle(saw(answer(503), rpc)).message, /^web FATAL: .* \(\+1 more\)/)
  })
})
