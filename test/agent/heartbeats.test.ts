import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Bell } from '../../src/agent/bell.ts'
import { runHeartbeats } from '../../src/agent/heartbeats.ts'
import { createCronPeriod, createPeriod, type Period } from '../../src/agent/period.ts'
import { ManualClock } from '../helpers/manual-clock.ts'

function start(makePeriod: (clock: ManualClock) => Period) {
  const clock = new ManualClock()
  const startMs = clock.now()
  const sentAt: number[] = []
  const bell = new Bell()
  const stop = new AbortController()
  const send = () => void sentAt.push((clock.now() - startMs) / 1000)
  const ended = runHeartbeats({ period: makePeriod(clock), clock, send }, bell, stop.signal)
  return { clock, bell, sentAt, stop, ended }
}

const every24s = (clock: ManualClock): Period => createPeriod(24_000, clock.now() + 10_000)

describe('the heartbeats of a monitor', () => {
  it('go out at their phase and then on the period', async () => {
    const { clock, sentAt } = start(every24s)
    await clock.advance(60_000)
    assert.deepEqual(sentAt, [10, 34, 58])
  })

  it('go out at once with the first verdict, which leaves the phase as it is', async () => {
    const { clock, bell, sentAt } = start(every24s)
    bell.ring()
    await clock.advance(60_000)
    assert.deepEqual(sentAt, [0, 10, 34, 58])
  })

  it('go out at once with news, which restart the period', async () => {
    const { clock, bell, sentAt } = start(every24s)
    bell.ring()
    await clock.advance(40_000)
    bell.ring()
    await clock.advance(30_000)
    assert.deepEqual(sentAt, [0, 10, 34, 40, 64])
  })

  it('are one after a sleep of the host, not one for each that was missed', async () => {
    const { clock, sentAt } = start(every24s)
    await clock.advance(20_000)
    clock.jump(600_000)
    await clock.advance(24_000)
    assert.equal(sentAt.length, 3)
    assert.equal(sentAt[1], 620)
  })

  it('follow a cron expression after the date was set back', async () => {
    let msUntilNext = 3_600_000
    const { clock, sentAt } = start(() => createCronPeriod(() => msUntilNext))
    await clock.advance(60_000)
    msUntilNext = 5_000
    await clock.advance(66_000)
    assert.equal(sentAt[0], 125)
  })

  it('end when they are stopped', async () => {
    const { clock, sentAt, stop, ended } = start(every24s)
    stop.abort()
    await ended
    await clock.advance(60_000)
    assert.deepEqual(sentAt, [])
  })
})
