import assert from 'node:assert/strict'
import { test } from 'node:test'
import { retryAfter } from '../../src/kuma/retry-after.ts'

const DATE = 'Sat, 21 Nov 2026 05:00:00 GMT'

const TABLE: [string, Record<string, string>, number | null][] = [
  ['seconds', { 'retry-after': '120' }, 120_000],
  ['no seconds', { 'retry-after': '0' }, 0],
  [
    "a date, by the answer's own clock",
    { date: DATE, 'retry-after': 'Sat, 21 Nov 2026 05:02:00 GMT' },
    120_000,
  ],
  ['a date that is over', { date: DATE, 'retry-after': 'Sat, 21 Nov 2026 04:00:00 GMT' }, 0],
  ['a date without a clock', { 'retry-after': 'Sat, 21 Nov 2026 05:02:00 GMT' }, null],
  ['words', { date: DATE, 'retry-after': 'soon' }, null],
  ['less than nothing', { date: DATE, 'retry-after': '-5' }, null],
  ['an absurd number', { date: DATE, 'retry-after': '9'.repeat(400) }, null],
  ['nothing', {}, null],
]

for (const [name, headers, expected] of TABLE) {
  test(`Retry-After with ${name}`, () => assert.equal(retryAfter(headers), expected))
}
