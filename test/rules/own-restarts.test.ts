import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { SupervisorTarget } from '../../src/config/config.ts'
import type { HttpReading } from '../../src/collect/http-check.ts'
import type { ProcessInfo } from '../../src/collect/supervisor/process-info.ts'
import type { OwnRestart } from '../../src/rules/own-restarts.ts'
import { answered, snapshot, program, monitorSettings, unitState } from '../helpers/snapshots.ts'
import { Observer } from '../helpers/observer.ts'

const MB = 1024 ** 2
const URL_OF_CHECK = 'http://127.0.0.1:8000/'
const CHECK = { url: URL_OF_CHECK, status: [200], body: null, timeoutMs: 10_000, when: 'running' } as const

const WORKER = program('worker', 'RUNNING', { pid: 7, start: 100 })

function using(megabytes: number, processes: readonly ProcessInfo[] = [WORKER], unit = unitState()) {
  const bytes = new Map(processes.map(({ pid }) => [pid, megabytes * MB]))
  return snapshot(unit, answered(processes), null, { memory: { kind: 'read', bytes } })
}

function paging(status: number, processes: readonly ProcessInfo[]) {
  const reading: HttpReading = { kind: 'answered', status, location: null, found: [], isWhole: true }
  return snapshot(unitState(), answered(processes), null, { http: new Map([[URL_OF_CHECK, reading]]) })
}

function observe(more: Partial<SupervisorTarget> = {}): Observer {
  return new Observer(monitorSettings({ memoryBytes: 512 * MB, onFailure: 'restart', ...more }))
}

/** What the agent does with the outcome of a restart. */
function end(observer: Observer, name: string, outcome: Partial<OwnRestart> = {}): void {
  const own = new Map(observer.state.ownRestarts)
  const begun = own.get(name)
  assert.ok(begun)
  own.set(name, { ...begun, endedMs: observer.nowMs + 1000, ...outcome })
  observer.state = { ...observer.state, ownRestarts: own }
}

const NEW = program('worker', 'RUNNING', { pid: 8, start: 200 })

describe('a restart by the agent', () => {
  it('is asked for once too much memory is confirmed, and told', () => {
    const observer = observe()
    assert.deepEqual(observer.see(using(612)).restarts, [])
    const { restarts, verdict } = observer.see(using(612))
    assert.deepEqual(restarts, [
      { program: 'worker:worker', task: 'restart', why: 'it used 612 MB, limit 512 MB' },
    ])
    assert.equal(verdict?.message, 'worker uses 612 MB, limit 512 MB · 1 of 1 running · restarting worker')
  })

  it('is not asked for where only a report is wanted', () => {
    const observer = observe({ onFailure: 'report' })
    observer.see(using(612))
    const { restarts, verdict } = observer.see(using(612))
    assert.deepEqual(restarts, [])
    assert.equal(verdict?.message, 'worker uses 612 MB, limit 512 MB · 1 of 1 running')
  })

  it('is not the answer to a program that does not run', () => {
    const observer = observe()
    observer.settle(snapshot(unitState(), answered([program('worker', 'FATAL')])))
    assert.equal(observer.state.ownRestarts.size, 0)
  })

  it('is told until it has reached Kuma', () => {
    const observer = observe()
    observer.settle(using(612))
    end(observer, 'worker:worker')
    const says = '1 of 1 running · restarted worker 5 s ago (1st time in 1 h; it used 612 MB, limit 512 MB)'
    assert.equal(observer.see(using(10, [NEW])).verdict?.message, says)
    observer.state = { ...observer.state, toldMs: observer.nowMs }
    assert.equal(observer.see(using(10, [NEW])).verdict?.message, '1 of 1 running')
  })

  it('is through though the process had been started within the same second, which only the pid shows', () => {
    const observer = observe()
    observer.settle(using(612))
    end(observer, 'worker:worker')
    const sameSecond = program('worker', 'RUNNING', { pid: 8, start: WORKER.start })
    assert.match(observer.see(using(10, [sameSecond])).verdict?.message ?? '', / · restarted worker 5 s ago/)
    observer.state = { ...observer.state, toldMs: observer.nowMs }
    assert.equal(observer.see(using(10, [sameSecond])).verdict?.message, '1 of 1 running')
    // What happens to the new one is nobody's wish.
    observer.see(using(10, [program('worker', 'RUNNING', { pid: 9, start: 300 })]))
    assert.equal(observer.state.programs.get('worker:worker')?.restarts.length, 1)
  })

  it('comes at most once per cool-down, and that is told as long as the trouble goes on', () => {
    const observer = observe()
    observer.settle(using(612))
    end(observer, 'worker:worker')
    observer.state = { ...observer.state, toldMs: observer.nowMs + 10_000 }
    const again = observer.see(using(700, [NEW]), 60)
    assert.deepEqual(again.restarts, [])
    assert.equal(
      again.verdict?.message,
      'worker uses 700 MB, limit 512 MB · 1 of 1 running · restarted worker 1 min ago (1st time in 1 h), again in 9 min at the earliest',
    )
    assert.deepEqual(observer.see(using(700, [NEW]), 539).restarts, [])
    assert.equal(observer.see(using(700, [NEW]), 1).restarts.length, 1)
    end(observer, 'worker:worker')
    const next = program('worker', 'RUNNING', { pid: 9, start: 300 })
    assert.match(observer.see(using(10, [next])).verdict?.message ?? '', /\(2nd time in 1 h; it used 700 MB/)
  })

  it('is counted in words', () => {
    for (const [count, word] of [
      [3, '3rd'],
      [4, '4th'],
      [11, '11th'],
      [12, '12th'],
      [21, '21st'],
    ] as const) {
      const observer = observe({ restartCooldownMs: 10_000 })
      observer.settle(using(612))
      const earlierMs = Array.from({ length: count - 1 }, () => observer.nowMs)
      end(observer, 'worker:worker', { earlierMs })
      assert.match(
        observer.see(using(10, [NEW])).verdict?.message ?? '',
        new RegExp(`\\(${word} time in 1 h;`),
      )
    }
  })

  it('is forgotten after an hour', () => {
    const observer = observe()
    observer.settle(using(612))
    end(observer, 'worker:worker')
    observer.see(using(10, [NEW]), 3600)
    assert.equal(observer.state.ownRestarts.size, 0)
  })

  it('counts as asked for where the log cannot be read', () => {
    const observer = observe()
    observer.settle(using(612))
    end(observer, 'worker:worker', { endedMs: 0 })
    observer.see(using(10, [NEW]))
    assert.deepEqual(observer.state.programs.get('worker:worker')?.restarts, [])
    observer.see(using(10, [program('worker', 'RUNNING', { pid: 9, start: 300 })]))
    assert.equal(observer.state.programs.get('worker:worker')?.restarts.length, 1)
  })

  it('that failed is told with its cause', () => {
    const observer = observe()
    observer.settle(using(612))
    end(observer, 'worker:worker', { failure: 'it has not stopped within 12 s' })
    assert.equal(
      observer.see(using(612)).verdict?.message,
      'worker uses 612 MB, limit 512 MB · 1 of 1 running · restarting worker failed: it has not stopped within 12 s',
    )
  })

  it('that failed is no news once that was told', () => {
    const observer = observe()
    observer.settle(using(612))
    end(observer, 'worker:worker', { failure: 'no answer' })
    assert.match(observer.see(using(10)).verdict?.message ?? '', /restarting worker failed: no answer/)
    observer.state = { ...observer.state, toldMs: observer.nowMs }
    assert.equal(observer.see(using(10)).verdict?.message, '1 of 1 running')
  })

  it('is told as under way while it is, and as done while the program starts', () => {
    const observer = observe()
    observer.settle(using(612))
    assert.match(observer.see(using(10)).verdict?.message ?? '', /· restarting worker$/)
    end(observer, 'worker:worker')
    observer.state = { ...observer.state, toldMs: observer.nowMs + 60_000 }
    const starting = program('worker', 'STARTING', { pid: 8, start: 200 })
    assert.match(observer.see(using(10, [starting])).verdict?.message ?? '', /restarted worker/)
  })

  it('is ended by a start where it left the program stopped', () => {
    const stopped = program('worker', 'STOPPED', { start: 100 })
    for (const outcome of [{ leftStopped: true, failure: 'no answer' }, { endedMs: null }]) {
      const observer = observe({ stopped: 'ok' })
      observer.settle(using(612))
      end(observer, 'worker:worker', outcome)
      const { restarts, verdict } = observer.see(using(0, [stopped]))
      assert.deepEqual(
        restarts.map(({ task }) => task),
        ['start'],
      )
      assert.match(
        verdict?.message ?? '',
        /^worker STOPPED by the agent for a restart · 0 of 1 running · restarting/,
      )
    }
  })

  it('is ended by no start after the cool-down, nor where only a report is wanted by then, and that is no secret', () => {
    const stopped = using(0, [program('worker', 'STOPPED', { start: 100 })])
    const late = observe()
    const reloaded = observe({ onFailure: 'report' })
    late.settle(using(612))
    end(late, 'worker:worker', { leftStopped: true, failure: 'NO_FILE' })
    reloaded.state = late.state
    reloaded.nowMs = late.nowMs
    assert.deepEqual(reloaded.see(stopped).restarts, [])
    assert.equal(late.see(stopped, 60).restarts.length, 1)
    const { restarts, verdict } = late.see(stopped, 600)
    assert.deepEqual(restarts, [])
    assert.match(verdict?.message ?? '', /^worker STOPPED by the agent for a restart/)
  })

  it('is not ended by a start when somebody else has stopped the program', () => {
    const observer = observe()
    observer.settle(using(612))
    end(observer, 'worker:worker')
    const { restarts, verdict } = observer.see(using(0, [program('worker', 'STOPPED', { start: 200 })]))
    assert.deepEqual(restarts, [])
    assert.match(verdict?.message ?? '', /STOPPED by hand/)
  })

  it('of an HTTP check is about every program that runs', () => {
    const observer = observe({ http: CHECK })
    const processes = [
      program('web', 'RUNNING'),
      program('beat', 'RUNNING'),
      program('mail', 'STOPPED', { start: 0 }),
    ]
    for (const seconds of [5, 5]) observer.see(paging(503, processes), seconds)
    const { restarts, verdict } = observer.see(paging(503, processes), 5)
    assert.deepEqual(
      restarts.map((order) => [order.program, order.why]),
      [
        ['web:web', 'http://127.0.0.1:8000/ answered 503, expected 200'],
        ['beat:beat', 'http://127.0.0.1:8000/ answered 503, expected 200'],
      ],
    )
    assert.equal(
      verdict?.message,
      'http://127.0.0.1:8000/ answered 503, expected 200 · 2 of 3 running, 1 never started · restarting web (+1 more)',
    )
  })

  it('of an HTTP check that is always asked has no program while supervisord does not answer', () => {
    const observer = observe({ http: { ...CHECK, when: 'always' } })
    const reading: HttpReading = { kind: 'failed', text: 'refuses connections' }
    const seen = snapshot(unitState(), { kind: 'not-asked' }, null, {
      http: new Map([[URL_OF_CHECK, reading]]),
    })
    for (let checks = 0; checks < 4; checks += 1) assert.deepEqual(observer.see(seen).restarts, [])
  })

  it('waits while supervisord itself is on its way down', () => {
    const observer = observe()
    const unit = unitState({ activeState: 'deactivating', subState: 'stop-sigterm' })
    for (let checks = 0; checks < 3; checks += 1) {
      assert.deepEqual(observer.see(using(612, [WORKER], unit)).restarts, [])
    }
  })
})
