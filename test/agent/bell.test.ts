import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Bell } from '../../src/agent/bell.ts'
import { ManualClock } from '../helpers/manual-clock.ts'

describe('a bell', () => {
  it('wakes who sleeps, and the next one where nobody does', async () => {
    const [bell, clock] = [new Bell(), new ManualClock()]
    const { signal } = new AbortController()
    const slept = bell.sleep(clock, 1_000, signal)
    bell.ring()
    assert.equal(await slept, true)
    bell.ring()
    assert.equal(await bell.sleep(clock, 1_000, signal), true)
    const through = bell.sleep(clock, 1_000, signal)
    await clock.advance(1_000)
    assert.equal(await through, false)
  })

  it('wakes at the end of whatever signal it was given last, which it hears once for all sleeps', async () => {
    const [bell, clock] = [new Bell(), new ManualClock()]
    const first = new AbortController()
    let listeners = 0
    const { signal } = first
    const add = signal.addEventListener.bind(signal)
    signal.addEventListener = (...listener: Parameters<typeof add>) => {
      listeners += 1
      add(...listener)
    }
    for (let sleeps = 0; sleeps < 3; sleeps += 1) {
      const slept = bell.sleep(clock, 1_000, signal)
      await clock.advance(1_000)
      assert.equal(await slept, false)
    }
    assert.equal(listeners, 1)

    const second = new AbortController()
    let isAwake = false
    const slept = bell.sleep(clock, 1_000, second.signal).then(() => (isAwake = true))
    first.abort()
    await clock.advance(500)
    assert.equal(isAwake, false)
    second.abort()
    await slept
    assert.equal(await bell.sleep(clock, 1_000, second.signal), false, 'it does not sleep any more')
  })
})
