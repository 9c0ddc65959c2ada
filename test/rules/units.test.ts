import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Snapshot } from '../../src/collect/snapshot.ts'
import type { UnitReading } from '../../src/collect/systemd/units.ts'
import type { Verdict } from '../../src/rules/judge.ts'
import { answered, snapshot, program, monitorSettings, unitState } from '../helpers/snapshots.ts'
import { Observer } from '../helpers/observer.ts'

const NOT_ASKED = { kind: 'not-asked' } as const

const nginx = (more: object): Snapshot => snapshot(unitState({ name: 'nginx.service', ...more }), NOT_ASKED)

const NO_SYSTEMD: UnitReading = { kind: 'no-systemd' }
const NO_BUS: UnitReading = { kind: 'unreachable', cause: 'D-Bus timed out after 5000 ms' }

describe('a plain unit', () => {
  const unitRules = { kind: 'unit', unit: 'nginx.service' } as const
  const upFor3Days = { ...nginx({}), upSeconds: 273_600 }

  it('is up when active, and says since when', () => {
    assert.deepEqual(new Observer(unitRules).settle(upFor3Days), {
      status: 'up',
      message: 'nginx.service active (running) · up 3 d 4 h',
      ping: null,
    })
  })

  const down: [name: string, seen: Snapshot, says: string][] = [
    ['inactive', nginx({ activeState: 'inactive', subState: 'dead' }), 'nginx.service inactive (dead)'],
    [
      'killed',
      nginx({ activeState: 'failed', result: 'signal', execMainStatus: 9 }),
      'nginx.service failed (signal 9)',
    ],
    [
      'out of memory',
      nginx({ activeState: 'failed', result: 'oom-kill' }),
      'nginx.service failed (oom-kill)',
    ],
    ['dead without a word', nginx({ activeState: 'inactive', subState: '' }), 'nginx.service inactive'],
    [
      'restarted once and starting for ever',
      nginx({ activeState: 'activating', subState: 'auto-restart', restarts: 1 }),
      'nginx.service activating (auto-restart, 1 restart) for 10 s',
    ],
    ['masked', nginx({ loadState: 'masked', activeState: 'inactive' }), 'nginx.service is masked'],
    [
      'starting for ever',
      nginx({ activeState: 'activating', subState: 'start' }),
      'nginx.service activating (start) for 10 s',
    ],
    [
      'not found',
      snapshot({ kind: 'not-found', names: ['nginx.service'] }, NOT_ASKED),
      'systemd knows no unit nginx.service: is the name right?',
    ],
    [
      'without systemd',
      snapshot(NO_SYSTEMD, NOT_ASKED),
      'there is no systemd on this host to ask about the unit',
    ],
    ['without a bus', snapshot(NO_BUS, NOT_ASKED), 'systemd cannot be asked: D-Bus timed out after 5000 ms'],
    [
      'with nothing to ask',
      snapshot({ kind: 'not-asked' }, NOT_ASKED),
      'nothing to watch: unit and url are both "none"',
    ],
  ]
  for (const [name, seen, says] of down) {
    it(`is down when ${name}`, () => {
      const { status, message } = new Observer(unitRules).settle(seen)
      assert.deepEqual([status, message], ['down', says])
    })
  }
})

/** Up again after so many restarts. */
const up = (restarts: number): Snapshot => nginx({ restarts, result: '' })

/** Between its end and the restart after it. */
const waiting = (restarts: number, more: object = {}): Snapshot =>
  nginx({
    activeState: 'activating',
    subState: 'auto-restart',
    restarts,
    result: 'exit-code',
    execMainStatus: 1,
    ...more,
  })

const unit = (): Observer => new Observer({ kind: 'unit', unit: 'nginx.service' })

/** Ends so many times, each seen twice, and comes back: up a second, down a second. */
function loop(observer: Observer, times: number, from = 0, more: object = {}): Verdict | null {
  observer.see(up(from))
  let verdict: Verdict | null = null
  for (let restarts = from; restarts < from + times; restarts += 1) {
    observer.see(waiting(restarts, more), 1)
    observer.see(waiting(restarts, more), 0.5)
    verdict = observer.see(up(restarts + 1), 0.5).verdict
  }
  return verdict
}

describe('a plain unit that fails and is restarted by systemd', () => {
  it('is up after two times', () => {
    assert.equal(loop(unit(), 2)?.status, 'up')
  })

  it('is down after three, although it is active each time, and says why', () => {
    const verdict = loop(unit(), 3)
    assert.equal(verdict?.status, 'down')
    assert.equal(
      verdict.message,
      'nginx.service crash loop: 3 restarts in 5 s (exit-code 1) · nginx.service active (running)',
    )
  })

  it('is down at the third end, before it is restarted', () => {
    const observer = unit()
    loop(observer, 2)
    assert.equal(observer.see(waiting(2), 1).verdict?.status, 'down')
  })

  it('is down until it has not failed for five minutes', () => {
    const observer = unit()
    loop(observer, 3)
    assert.equal(observer.see(up(3), 200).verdict?.status, 'down')
    assert.match(observer.see(up(3), 90).verdict?.message ?? '', /crash loop: .* \(exit-code 1\)/)
    assert.equal(observer.see(up(3), 20).verdict?.status, 'up')
  })

  it('is up where that takes more than five minutes', () => {
    const observer = unit()
    for (let restarts = 0; restarts < 20; restarts += 1) {
      observer.see(waiting(restarts), 170)
      assert.equal(observer.see(up(restarts + 1), 5).verdict?.status, 'up')
    }
  })

  it('is not taken for failed twice where systemd counts on between its state and its count', () => {
    const observer = unit()
    for (let restarts = 0; restarts < 2; restarts += 1) {
      observer.see(waiting(restarts), 1)
      observer.see(waiting(restarts + 1), 0.05)
      assert.equal(observer.see(up(restarts + 1), 0.05).verdict?.status, 'up')
    }
    observer.see(waiting(3), 1)
    assert.equal(observer.see(up(3), 0.05).verdict?.status, 'down')
  })

  it('is taken for failed again where that was between two checks', () => {
    const observer = unit()
    observer.see(waiting(0), 1)
    observer.see(waiting(2), 1)
    assert.equal(observer.see(waiting(4), 1).verdict?.status, 'down')
  })

  it('is up again as soon as somebody has started it', () => {
    const observer = unit()
    assert.equal(loop(observer, 3)?.status, 'down')
    assert.equal(observer.see(up(0), 1).verdict?.status, 'up')
    assert.equal(loop(observer, 2)?.status, 'up')
  })

  it('is no crash loop where it ends as it should', () => {
    assert.equal(loop(unit(), 10, 0, { result: 'success', execMainStatus: 0 })?.status, 'up')
  })

  it('is told as dead once systemd has given up', () => {
    const observer = unit()
    loop(observer, 3)
    const failed = { activeState: 'failed', result: 'exit-code', execMainStatus: 1, restarts: 3 }
    const { verdict } = observer.see(nginx(failed))
    assert.equal(verdict?.message, 'nginx.service failed (exit-code 1)')
  })

  it('is followed no further than systemd can be asked', () => {
    const observer = unit()
    loop(observer, 2)
    observer.see(snapshot({ kind: 'unreachable', cause: 'D-Bus timed out' }, NOT_ASKED), 1)
    assert.equal(observer.see(waiting(2), 1).verdict?.status, 'down')
  })

  it('is told to be in a crash loop only by what systemd says now', () => {
    const observer = unit()
    assert.match(loop(observer, 3)?.message ?? '', /crash loop/)
    const silent = snapshot({ kind: 'unreachable', cause: 'D-Bus timed out' }, NOT_ASKED)
    assert.doesNotMatch(observer.see(silent, 1).verdict?.message ?? '', /crash loop/)
    assert.match(observer.see(up(3), 1).verdict?.message ?? '', /crash loop/)
  })

  it('is remembered by no more than twenty ends', () => {
    const observer = unit()
    loop(observer, 100)
    assert.equal(observer.state.unit.restarts.length, 20)
  })
})

it('a supervisord that is restarted by systemd and answers each time is judged by its programs', () => {
  const observer = new Observer(monitorSettings())
  for (let restarts = 0; restarts < 5; restarts += 1) {
    const { unit: reading } = waiting(restarts)
    observer.see(snapshot(reading, answered([program('web', 'RUNNING')])), 1)
  }
  const reading = unitState({ restarts: 5 })
  const { verdict } = observer.see(snapshot(reading, answered([program('web', 'RUNNING')])), 1)
  assert.equal(verdict?.status, 'up')
})
