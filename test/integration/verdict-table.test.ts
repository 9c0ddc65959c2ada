// The table of scenarios that `npm run bench:verdicts` prints, for our verdicts alone.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeWrong } from '../../bench/verdicts/print-table.ts'
import { runTable } from '../../bench/verdicts/run-table.ts'
import { SCENARIOS } from '../../bench/verdicts/scenarios.ts'

test('every scenario ends with the right verdict and the right words, without a false alarm on the way', async (t) => {
  const outcomes = await runTable()
  for (const { name, phases } of SCENARIOS) {
    const own = outcomes.filter(({ scenario }) => scenario === name)
    const said = own.map(({ status, message }) => `${status} ${message}`)
    await t.test(`${name}: ${said.join(', then ')}`, () => {
      assert.deepEqual(describeWrong(own), [])
      assert.equal(own.length, phases.length)
    })
  }
  assert.equal(new Set(SCENARIOS.map(({ name }) => name)).size, SCENARIOS.length)
})
