import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { formatDuration, parseDuration } from '../../src/lib/duration.ts'

describe('parseDuration', () => {
  const rows: [string, number | null][] = [
    ['500ms', 500],
    ['24s', 24_000],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['1h30m', 5_400_000],
    ['1h 30m', 5_400_000],
    ['1d', 86_400_000],
    ['1m500ms', 60_500],
    ['1.5h', 5_400_000],
    ['0s', 0],
    [' 24s ', 24_000],
    ['24', null],
    ['', null],
    [' ', null],
    ['s', null],
    ['-5s', null],
    ['5 s', null],
    ['30m1h', null],
    ['1s1s', null],
    ['24sec', null],
    ['1e3s', null],
    ['.5s', null],
    ['24S', null],
  ]
  for (const [text, ms] of rows) {
    test(`reads ${JSON.stringify(text)} as ${ms === null ? 'no time' : `${ms} ms`}`, () => {
      assert.equal(parseDuration(text), ms)
    })
  }
})

describe('formatDuration', () => {
  test('writes what parseDuration reads', () => {
    for (const ms of [0, 1, 999, 1000, 24_000, 60_500, 5_400_000, 86_400_000, 90_061_001]) {
      assert.equal(parseDuration(formatDuration(ms)), ms)
    }
    assert.equal(formatDuration(5_400_000), '1h30m')
    assert.equal(formatDuration(24_000), '24s')
  })
})
