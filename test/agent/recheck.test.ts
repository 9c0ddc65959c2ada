import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Recheck } from '../../src/agent/recheck.ts'

/** The times of the looks at something that stays in between. */
function looks(untilMs: number, answerMs = 1, dueMs = Infinity): number[] {
  const recheck = new Recheck()
  const times: number[] = []
  for (let nowMs = 0; nowMs < untilMs; nowMs += recheck.next({ wishMs: dueMs - nowMs, answerMs }, nowMs)) {
    times.push(Math.round(nowMs))
  }
  return times
}

describe('the next look at something that may be passing', () => {
  it('comes at once at first, and after a tenth of the time that it has lasted', () => {
    const times = looks(20_000)
    assert.deepEqual(times.slice(0, 4), [0, 50, 100, 150])
    for (const [index, atMs] of times.entries()) {
      const afterMs = atMs - (times[index - 1] ?? atMs)
      assert.ok(afterMs <= Math.max(51, atMs / 10), `${afterMs} ms before ${atMs} ms`)
    }
    assert.ok(times.length < 60, `${times.length} looks`)
  })

  it('comes every 2 s at the most seldom', () => {
    const times = looks(120_000)
    assert.equal((times.at(-1) ?? 0) - (times.at(-2) ?? 0), 2_000)
  })

  it('comes when something is due to count, and not shortly before', () => {
    assert.deepEqual(looks(101, 1, 100), [0, 100])
    assert.ok(looks(10_050, 1, 10_000).includes(10_000))
  })

  it('leaves supervisord nineteen twentieths of its time', () => {
    assert.deepEqual(looks(100_000, 1_500), [0, 30_000, 60_000, 90_000])
  })

  it('is none when all has settled, and what begins then is new', () => {
    const recheck = new Recheck()
    recheck.next({ wishMs: Infinity, answerMs: 1 }, 0)
    assert.equal(recheck.next(null, 10_000), Infinity)
    assert.equal(recheck.next({ wishMs: Infinity, answerMs: 1 }, 20_000), 50)
  })
})
