import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CheckPeriod } from '../../src/agent/check-period.ts'

/** Looks whenever a check is due, for an hour, and gives the share of the time that the answers took. */
function shareOfAnHour(answerMs: number, everyMs: number, ringsEveryMs = Infinity): number {
  const period = new CheckPeriod(everyMs)
  const hourMs = 3_600_000
  let [nowMs, spentMs, rungMs] = [0, 0, ringsEveryMs]
  while (nowMs < hourMs) {
    nowMs += answerMs
    spentMs += answerMs
    period.answered(answerMs, nowMs)
    const dueMs = nowMs - answerMs + period.everyMs
    const ringMs = Math.max(rungMs, nowMs + period.restMs(nowMs))
    nowMs = Math.max(nowMs, Math.min(dueMs, ringMs))
    while (rungMs <= nowMs) rungMs += ringsEveryMs
  }
  return spentMs / nowMs
}

describe('the check period', () => {
  it('is the one that is wanted while supervisord is quick', () => {
    const period = new CheckPeriod(5_000)
    for (let atMs = 0; atMs < 60_000; atMs += 5_000) {
      period.answered(200, atMs)
      assert.equal(period.everyMs, 5_000)
      assert.equal(period.restMs(atMs), 0)
      assert.equal(period.why, null)
      assert.equal(period.news(), null)
    }
  })

  it('is stretched while supervisord is slow, and says so once', () => {
    const period = new CheckPeriod(5_000)
    const news: (string | null)[] = []
    for (const [second, answerMs] of [1500, 1500, 1600, 1500, 2, 2].entries()) {
      period.answered(answerMs, second * 1000)
      news.push(period.news())
    }
    assert.deepEqual(news, [
      null,
      'supervisord takes 1.5 s to answer: a check every 38 s instead of 5 s, to leave it its time',
      null,
      null,
      'a check every 5 s again',
      null,
    ])
  })

  it('tells why it is stretched', () => {
    const period = new CheckPeriod(5_000)
    period.answered(1500, 0)
    period.answered(1500, 1000)
    assert.equal(period.everyMs, 37_500)
    assert.equal(period.why, 'supervisord takes 1.5 s to answer')
  })

  it('is not stretched by a single slow answer', () => {
    const period = new CheckPeriod(5_000)
    for (const answerMs of [2, 2, 4000, 2, 4000, 2]) {
      period.answered(answerMs, 0)
      assert.equal(period.everyMs, 5_000)
    }
  })

  it('is never more than a minute, unless that is wanted', () => {
    const [minute, hour] = [new CheckPeriod(5_000), new CheckPeriod(3_600_000)]
    for (let look = 0; look < 10; look++) for (const period of [minute, hour]) period.answered(20_000, 0)
    assert.equal(minute.everyMs, 60_000)
    assert.equal(minute.restMs(0), 60_000)
    assert.equal(hour.everyMs, 3_600_000)
  })

  for (const answerMs of [1, 20, 300, 1500, 2300]) {
    it(`leaves supervisord 95 % of its time when an answer takes ${answerMs} ms, whatever rings`, () => {
      assert.ok(shareOfAnHour(answerMs, 5_000) <= 0.0401 + answerMs / 5_000 / 720)
      const burst = (9 * Math.max(answerMs, 60)) / 3_600_000
      assert.ok(shareOfAnHour(answerMs, 5_000, 50) <= 0.0502 + burst)
    })
  }

  it('lets some looks that something rang for follow at once, then makes them wait', () => {
    for (const looks of [2, 30]) {
      const period = new CheckPeriod(5_000)
      let nowMs = 0
      for (let look = 0; look < looks; look++, nowMs += 37_500) period.answered(1500, nowMs)
      let atOnce = 0
      while (period.restMs(nowMs) === 0) {
        nowMs += 1500
        period.answered(1500, nowMs)
        atOnce++
      }
      assert.ok(atOnce >= 7 && atOnce <= 8, `${atOnce} after ${looks}`)
      assert.ok(period.restMs(nowMs) > 10_000)
      assert.equal(period.restMs(nowMs + 30_000), 0)
    }
  })
})
