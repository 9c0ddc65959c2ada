import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Wake } from '../../src/agent/wake.ts'
import { ManualClock } from '../helpers/manual-clock.ts'

describe('a wake', () => {
  it('ends the wait under way, and the next one where there is none', async () => {
    const [wake, clock] = [new Wake(), new ManualClock()]
    const { signal } = new AbortController()
    const waited = wake.wait(clock, 1_000, signal)
    wake.notify()
    assert.equal(await waited, true)
    wake.notify()
    assert.equal(await wake.wait(clock, 1_000, signal), true)
    const through = wake.wait(clock, 1_000, signal)
    await clock.advance(1_000)
    assert.equal(await through, false)
  })

  it('ends every wait when it is stopped', async () => {
    const [wake, clock] = [new Wake(), new ManualClock()]
    const stop = new AbortController()
    const waited = wake.wait(clock, 1_000, stop.signal)
    stop.abort()
    assert.equal(await waited, false)
    assert.equal(await wake.wait(clock, 1_000, stop.signal), false)
  })
})
