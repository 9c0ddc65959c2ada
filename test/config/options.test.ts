import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { OPTION_NAMES, OPTION_TOPICS, OPTIONS } from '../../src/config/options.ts'
import { keysOf, type TableName } from '../../src/config/schema.ts'

describe('the table of options', () => {
  for (const name of OPTION_NAMES) {
    const { flag, key, help } = OPTIONS[name]
    test(`describes ${flag} in a line that fits a terminal`, () => {
      assert.ok(help.length <= 52, `${help.length} characters`)
    })

    test(`says the real default of ${flag}, if any`, () => {
      const shown = /\[(\S+)\]$/.exec(help)?.[1]
      const [table, keyName = ''] = (key ?? '').split('.')
      if (shown === undefined || key === null) return
      assert.equal(shown, keysOf(table as TableName)[keyName]?.default)
    })
  }

  test('makes flag and variable of one name', () => {
    const { flag, env, key } = OPTIONS.pushEvery
    assert.deepEqual([flag, env, key], ['--push-every', 'KSP_PUSH_EVERY', 'agent.push_every'])
  })

  test('stands in the order of its topics', () => {
    const order = OPTION_NAMES.map((name) => OPTION_TOPICS.indexOf(OPTIONS[name].topic))
    assert.deepEqual(
      order,
      order.toSorted((a, b) => a - b),
    )
  })
})
