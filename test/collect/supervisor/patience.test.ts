import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Patience } from '../../../src/collect/supervisor/patience.ts'

test('is what the configuration says while supervisord is quick', () => {
  const patience = new Patience(5_000)
  patience.answered(600)
  assert.deepEqual([patience.ms, patience.configsMs], [5_000, 5_000])
})

test('grows with what the last answer took, and comes back', () => {
  const patience = new Patience(5_000)
  patience.answered(1_500.4)
  assert.deepEqual([patience.ms, patience.configsMs], [6_002, 12_003])
  patience.answered(2)
  assert.deepEqual([patience.ms, patience.configsMs], [5_000, 5_000])
})

test('ends at half a minute, unless the configuration says more', () => {
  const [usual, long] = [new Patience(5_000), new Patience(60_000)]
  usual.answered(20_000)
  long.answered(20_000)
  assert.deepEqual([usual.ms, long.ms], [30_000, 60_000])
})
