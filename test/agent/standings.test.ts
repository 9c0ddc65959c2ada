import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Standings } from '../../src/agent/standings.ts'

test('keeps since when a monitor is what it is, over a restart of the agent too', () => {
  const standings = new Standings(
    new Map([
      ['web', { standing: { status: 'up' as const, sinceMs: 5 } }],
      ['new', { standing: null }],
    ]),
  )
  assert.equal(standings.of('new'), null)
  standings.note('web', 'up', 100)
  assert.deepEqual(standings.of('web'), { status: 'up', sinceMs: 5 })
  standings.note('web', 'down', 101)
  assert.deepEqual(standings.of('web'), { status: 'down', sinceMs: 101 })
})
