import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Monitor } from '../../src/agent/monitor.ts'
import { composeMessage } from '../../src/rules/message.ts'
import { answered, failed, snapshot, program, rules, unitState } from '../helpers/snapshots.ts'

const looksWell = (start: number) =>
  snapshot(unitState(), answered([program('web', 'RUNNING', { start, pid: start })]))
const DIED = snapshot(unitState(), failed('refused'))

describe('a restart that nobody asked for', () => {
  const restarted = () => {
    const monitor = new Monitor('web', rules())
    monitor.see(looksWell(100), 1_000)
    monitor.see(looksWell(200), 6_000)
    return monitor
  }
  const said = (monitor: Monitor) => monitor.heartbeat(0, Infinity)?.verdict.message
  const untilMs = (monitor: Monitor) => monitor.heartbeat(0, Infinity)?.restartsUntilMs ?? null

  it('is told until it has reached Kuma, and then no more', () => {
    const monitor = restarted()
    for (const seconds of [11, 16]) {
      monitor.see(looksWell(200), seconds * 1_000)
      assert.equal(said(monitor), `1 of 1 running · web restarted 1× ${seconds - 6} s ago`)
    }
    assert.equal(monitor.told(untilMs(monitor) ?? 0), true)
    monitor.see(looksWell(200), 21_000)
    assert.equal(said(monitor), '1 of 1 running')
  })

  it('is news at once, and once', () => {
    const monitor = new Monitor('web', rules())
    monitor.see(looksWell(100), 1_000)
    const changes = [10_000, 10_050, 16_000].map((nowMs) => monitor.see(looksWell(200), nowMs).changed)
    assert.deepEqual(changes, [true, false, false])
  })

  it('waits when other news went out shortly before', () => {
    const monitor = new Monitor('web', rules())
    monitor.see(looksWell(100), 1_000)
    const starts: [number, number][] = [
      [200, 10_000],
      [300, 12_000],
      [300, 14_900],
      [300, 15_000],
      [300, 20_000],
    ]
    const changes = starts.map(([start, nowMs]) => monitor.see(looksWell(start), nowMs).changed)
    assert.deepEqual(changes, [true, false, false, true, false])
  })

  it('is told again when another one follows', () => {
    const monitor = restarted()
    monitor.told(untilMs(monitor) ?? 0)
    monitor.see(looksWell(300), 11_000)
    assert.equal(said(monitor), '1 of 1 running · web restarted 1× just now')
  })

  it('is not taken for told by a heartbeat that was delivered late', () => {
    const monitor = new Monitor('web', rules())
    monitor.see(looksWell(100), 1_000)
    const before = untilMs(monitor)
    monitor.see(looksWell(200), 6_000)
    assert.equal(monitor.told(before ?? 0), false)
    monitor.see(looksWell(200), 11_000)
    assert.match(said(monitor) ?? '', /restarted 1×/)
  })

  it('is not taken for told by a message that speaks of something else', () => {
    const monitor = restarted()
    monitor.see(DIED, 8_000)
    monitor.see(DIED, 10_000)
    assert.match(said(monitor) ?? '', /^supervisor\.service is active but nobody listens/)
    assert.equal(untilMs(monitor), null)
    const failing = restarted()
    failing.fail('x is not a function')
    assert.equal(untilMs(failing), null)
  })

  it('is not taken for told while its program is on its way back', () => {
    const monitor = restarted()
    const backoff = program('web', 'BACKOFF', { start: 200 })
    monitor.see(snapshot(unitState(), answered([backoff])), 8_000)
    assert.equal(untilMs(monitor), null)
    monitor.see(looksWell(200), 11_000)
    assert.match(said(monitor) ?? '', /restarted 1×/)
    assert.equal(untilMs(monitor), 11_000)
  })

  it('stays told over a restart of the agent', () => {
    const monitor = restarted()
    monitor.told(6_000)
    const next = new Monitor('web', rules(), monitor.memory)
    next.see(looksWell(200), 11_000)
    assert.equal(said(next), '1 of 1 running')
  })

  it('is remembered until it has reached Kuma, however long that takes', () => {
    const monitor = restarted()
    const hoursLater = 6_000 + 3 * 3_600_000
    for (let ms = 11_000; ms <= hoursLater; ms += 60_000) monitor.see(looksWell(200), ms)
    monitor.see(looksWell(200), hoursLater)
    assert.equal(said(monitor), '1 of 1 running · web restarted 1× 3 h ago')
    assert.equal(monitor.told(hoursLater), true)
    monitor.see(looksWell(200), hoursLater + 5_000)
    assert.equal(said(monitor), '1 of 1 running')
    assert.deepEqual(monitor.memory.programs.get('web:web')?.restarts, [])
  })

  it('is remembered over a restart of supervisord', () => {
    const monitor = restarted()
    const anew = snapshot(
      unitState(),
      answered([program('web', 'RUNNING', { start: 300, pid: 300 })], null, { pid: 9 }),
    )
    monitor.see(anew, 600_000)
    assert.equal(said(monitor), '1 of 1 running · web restarted 1× 9 min 54 s ago')
  })

  it('is no crash loop together with others of hours ago, and bounded', () => {
    const monitor = restarted()
    for (let hour = 1; hour <= 50; hour += 1) monitor.see(looksWell(200 + hour), hour * 3_600_000)
    assert.equal(said(monitor), '1 of 1 running · web restarted 20× just now')
  })

  it('is not repeated by a heartbeat that was made before the one that told it was delivered', () => {
    const monitor = restarted()
    const messageFor = (toldMs: number) => {
      const { content } = monitor.heartbeat(0, Infinity) ?? assert.fail('it has nothing to say')
      return composeMessage(content ?? assert.fail('it is an error of the agent'), toldMs)
    }
    const toldMs = untilMs(monitor) ?? 0
    monitor.see(looksWell(200), 11_000)
    assert.equal(messageFor(toldMs), '1 of 1 running')
    assert.match(messageFor(0), /web restarted 1×/)
    monitor.see(looksWell(300), 16_000)
    assert.equal(messageFor(toldMs), '1 of 1 running · web restarted 1× just now')
    assert.equal(messageFor(0), '1 of 1 running · web restarted 2× just now')
  })
})
