import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createCronPeriod, createPeriod } from '../../src/agent/period.ts'

describe('a period', () => {
  it('does not drift when rounds are late', () => {
    const period = createPeriod(24_000, 1_000)
    assert.equal(period.next(0), 1_000)
    assert.equal(period.next(1_000), 25_000)
    assert.equal(period.next(1_400), 25_000)
    assert.equal(period.next(25_900), 49_000)
  })

  it('does not make up for what was missed', () => {
    assert.equal(createPeriod(24_000, 0).next(1_000_000), 1_008_000)
  })

  it('counts afresh from news', () => {
    const period = createPeriod(24_000, 0)
    period.restart(30_000)
    assert.equal(period.next(30_000), 54_000)
    assert.equal(period.next(54_000), 78_000)
  })
})

describe('a cron period', () => {
  it('asks the expression each time and is not moved by news', () => {
    const waits = [700, 60_000]
    const period = createCronPeriod(() => waits.shift() ?? 0)
    period.restart(5)
    assert.equal(period.next(10_000), 10_700)
    assert.equal(period.next(10_700), 70_700)
  })
})
