// The table of scenarios that `npm run bench:verdicts` prints, for our verdicts alone.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeWrong } from '../../bench/verdicts/print-table.ts'
import { runTable } from '../../bench/verdicts/run-table.ts'
import { SCENARIOS } from '../../bench/verdicts/scenarios.ts'

test('every scenario ends with the right verdict and the right words, without a false alarm on the way', async () => {
  const outcomes = await runTable()
  assert.deepEqual(describeWrong(outcomes), [])
  assert.equal(
    outcomes.length,
    SCENARIOS.reduce((sum, { phases }) => sum + phases.length, 0),
  )
  assert.equal(new Set(SCENARIOS.map(({ name }) => name)).size, SCENARIOS.length)
})
