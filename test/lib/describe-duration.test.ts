import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeDuration } from '../../src/lib/describe-duration.ts'

const rows: [seconds: number, says: string][] = [
  [-5, '0 s'],
  [0.4, '0 s'],
  [59.6, '1 min'],
  [60, '1 min'],
  [61, '1 min 1 s'],
  [3_600, '1 h'],
  [3_601, '1 h'],
  [90_000, '1 d 1 h'],
  [86_400 * 400, '400 d'],
]
for (const [seconds, says] of rows) {
  test(`${seconds} s read as ${says}`, () => assert.equal(describeDuration(seconds), says))
}
