import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CronPeriod, GridPeriod, Pacing } from '../../src/agent/pacing.ts'

/** Checks whenever one is due, for an hour, and gives the share of the time that the answers took. */
function shareOfAnHour(answerMs: number, everyMs: number, wakesEveryMs = Infinity): number {
  const pacing = new Pacing(everyMs, 0)
  const hourMs = 3_600_000
  let [nowMs, spentMs, wokenMs] = [0, 0, wakesEveryMs]
  while (nowMs < hourMs) {
    pacing.begin(nowMs)
    nowMs += answerMs
    spentMs += answerMs
    pacing.end(answerMs, null, nowMs)
    const dueMs = nowMs + pacing.nextDelay(nowMs)
    const isWoken = wokenMs < dueMs
    nowMs = isWoken ? Math.max(nowMs, wokenMs) : dueMs
    nowMs += pacing.gatherDelay(isWoken, nowMs)
    while (wokenMs <= nowMs) wokenMs += wakesEveryMs
  }
  return spentMs / nowMs
}

/** How long a check that something wakes has to wait. */
const restMs = (pacing: Pacing, nowMs: number): number => pacing.gatherDelay(true, nowMs)

describe('the period of the checks', () => {
  it('is the one that is wanted while supervisord is quick', () => {
    const pacing = new Pacing(5_000, 0)
    for (let atMs = 0; atMs < 60_000; atMs += 5_000) {
      pacing.begin(atMs)
      pacing.end(200, null, atMs)
      assert.equal(pacing.nextDelay(atMs), 5_000)
      assert.equal(pacing.reason, null)
      assert.equal(pacing.news(), null)
    }
  })

  it('does not drift when a check is late or long, and nothing is made up for', () => {
    const pacing = new Pacing(5_000, 0)
    for (const [beginMs, endMs, nextMs] of [
      [0, 100, 5_000],
      [5_400, 5_500, 10_400],
      [10_400, 10_500, 15_400],
      [32_000, 38_000, 37_000],
    ] as const) {
      pacing.begin(beginMs)
      pacing.end(null, null, endMs)
      assert.equal(endMs + pacing.nextDelay(endMs), nextMs)
    }
  })

  it('is stretched while supervisord is slow, and says so once', () => {
    const pacing = new Pacing(5_000, 0)
    const news: (string | null)[] = []
    for (const [second, answerMs] of [1500, 1500, 1600, 1500, 2, 2].entries()) {
      pacing.end(answerMs, null, second * 600_000)
      news.push(pacing.news())
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

  it('is told of once while it goes to and fro', () => {
    const pacing = new Pacing(5_000, 0)
    const news: (string | null)[] = []
    for (let nowMs = 0; nowMs < 2_400_000; nowMs += 5_000) {
      const answerMs = Math.floor(nowMs / 20_000) % 2 === 0 ? 1_500 : 2
      pacing.end(answerMs, null, nowMs)
      news.push(pacing.news())
    }
    assert.ok(news.filter((line) => line !== null).length <= 5, `${news.length}`)
  })

  it('doubles while supervisord does not answer in time, up to a minute, and is itself with the first answer', () => {
    const pacing = new Pacing(5_000, 0)
    let nowMs = 0
    const waits: number[] = []
    for (let check = 0; check < 7; check += 1) {
      pacing.begin(nowMs)
      nowMs += 5_000
      pacing.end(null, 100, nowMs, true)
      const waitMs = pacing.nextDelay(nowMs)
      // Nothing that wakes the target makes it sooner.
      assert.equal(pacing.gatherDelay(true, nowMs), waitMs)
      waits.push(waitMs)
      nowMs += waitMs
    }
    assert.deepEqual(waits, [5_000, 10_000, 20_000, 40_000, 60_000, 60_000, 60_000])
    pacing.begin(nowMs)
    nowMs += 10
    pacing.end(10, null, nowMs)
    assert.ok(pacing.nextDelay(nowMs) <= 5_000)
    assert.ok(pacing.gatherDelay(true, nowMs) <= 1_000)
  })

  it('is soon again when its unit changes: another supervisord has nothing left to answer', () => {
    const pacing = new Pacing(5_000, 0)
    pacing.begin(0)
    pacing.end(null, null, 5_000, true)
    pacing.end(null, null, 5_000, true)
    pacing.end(null, null, 5_000, true)
    assert.equal(pacing.gatherDelay(true, 5_000), 20_000)
    pacing.forgetTimeouts()
    assert.equal(pacing.gatherDelay(true, 5_000), 5_000)
  })

  it('tells why it is stretched', () => {
    const pacing = new Pacing(5_000, 0)
    pacing.end(1500, null, 0)
    pacing.end(1500, null, 1000)
    assert.equal(pacing.everyMs, 37_500)
    assert.equal(pacing.reason, 'supervisord takes 1.5 s to answer')
  })

  it('is not stretched by a single slow answer', () => {
    const pacing = new Pacing(5_000, 0)
    for (const answerMs of [2, 2, 4000, 2, 4000, 2]) {
      pacing.end(answerMs, null, 0)
      assert.equal(pacing.everyMs, 5_000)
    }
  })

  it('is never more than a minute, unless that is wanted', () => {
    const [minute, hour] = [new Pacing(5_000, 0), new Pacing(3_600_000, 0)]
    for (let check = 0; check < 10; check++) for (const pacing of [minute, hour]) pacing.end(20_000, null, 0)
    assert.equal(minute.everyMs, 60_000)
    assert.equal(restMs(minute, 0), 60_000)
    assert.equal(hour.everyMs, 3_600_000)
  })

  for (const answerMs of [1, 20, 300, 1500, 2300]) {
    it(`leaves supervisord 95 % of its time when an answer takes ${answerMs} ms, whatever wakes`, () => {
      assert.ok(shareOfAnHour(answerMs, 5_000) <= 0.0401 + answerMs / 5_000 / 720)
      const burst = (9 * Math.max(answerMs, 60)) / 3_600_000
      assert.ok(shareOfAnHour(answerMs, 5_000, 50) <= 0.0502 + burst)
    })
  }

  it('lets some checks that something woke follow soon, then makes them wait', () => {
    for (const checks of [2, 30]) {
      const pacing = new Pacing(5_000, 0)
      let nowMs = 0
      const check = (): void => {
        pacing.begin(nowMs)
        pacing.end(1500, null, nowMs + 1500)
      }
      for (let count = 0; count < checks; count++, nowMs += 37_500) check()
      let soon = 0
      check()
      while (restMs(pacing, nowMs + 1500) <= 1500) {
        nowMs += 3_000
        check()
        soon++
      }
      assert.ok(soon >= 6 && soon <= 8, `${soon} after ${checks}`)
      assert.ok(restMs(pacing, nowMs + 1500) > 5_000)
      assert.equal(restMs(pacing, nowMs + 60_000), 10)
    }
  })
})

describe('the next check while something is pending', () => {
  /** The times of the checks of something that stays pending. */
  function checks(untilMs: number, answerMs = 1, dueMs = Infinity): number[] {
    const pacing = new Pacing(3_600_000, 0)
    const times: number[] = []
    for (let nowMs = 0; nowMs < untilMs; nowMs += pacing.recheckMs) {
      pacing.end(answerMs, dueMs - nowMs, nowMs)
      times.push(Math.round(nowMs))
    }
    return times
  }

  it('comes at once at first, and after a tenth of the time that it has lasted', () => {
    const times = checks(20_000)
    assert.deepEqual(times.slice(0, 4), [0, 50, 100, 150])
    for (const [index, atMs] of times.entries()) {
      const afterMs = atMs - (times[index - 1] ?? atMs)
      assert.ok(afterMs <= Math.max(51, atMs / 10), `${afterMs} ms before ${atMs} ms`)
    }
    assert.ok(times.length < 60, `${times.length} checks`)
  })

  it('comes every 2 s at the most seldom', () => {
    const times = checks(120_000)
    assert.equal((times.at(-1) ?? 0) - (times.at(-2) ?? 0), 2_000)
  })

  it('comes when something is due to be confirmed, and not shortly before', () => {
    assert.deepEqual(checks(101, 1, 100), [0, 100])
    assert.ok(checks(10_050, 1, 10_000).includes(10_000))
  })

  it('leaves supervisord nineteen twentieths of its time', () => {
    assert.deepEqual(checks(100_000, 1_500), [0, 30_000, 60_000, 90_000])
  })

  it('is a regular one when all has settled, and what begins then is new', () => {
    const pacing = new Pacing(60_000, 0)
    pacing.end(1, Infinity, 0)
    pacing.end(1, null, 10_000)
    assert.equal(pacing.recheckMs, Infinity)
    pacing.end(1, Infinity, 20_000)
    assert.equal(pacing.recheckMs, 50)
  })
})

describe('the period of the heartbeats', () => {
  it('does not drift when they are late', () => {
    const period = new GridPeriod(24_000, 1_000)
    assert.equal(period.next(0), 1_000)
    assert.equal(period.next(1_000), 25_000)
    assert.equal(period.next(1_400), 25_000)
    assert.equal(period.next(25_900), 49_000)
  })

  it('does not make up for what was missed', () => {
    assert.equal(new GridPeriod(24_000, 0).next(1_000_000), 1_008_000)
  })

  it('counts afresh from news', () => {
    const period = new GridPeriod(24_000, 0)
    period.restart(30_000)
    assert.equal(period.next(30_000), 54_000)
    assert.equal(period.next(54_000), 78_000)
  })

  it('asks a cron expression each time, which news do not move', () => {
    const waits = [700, 60_000]
    const period = new CronPeriod(() => waits.shift() ?? 0)
    period.restart()
    assert.equal(period.next(10_000), 10_700)
    assert.equal(period.next(10_700), 70_700)
  })
})
