import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { SharedOption } from '../../src/config/options.ts'
import { OPTION_NAMES, OPTION_TOPICS, OPTIONS } from '../../src/config/options.ts'
import { SCHEMA } from '../../src/config/schema.ts'

describe('the table of options', () => {
  for (const name of OPTION_NAMES) {
    const option: SharedOption = OPTIONS[name]
    test(`gives ${option.flag} one name everywhere`, () => {
      const words = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
      assert.equal(option.flag, `--${words}`)
      assert.equal(option.env, `KSP_${words.replaceAll('-', '_').toUpperCase()}`)
    })

    test(`reads ${option.flag} as the file's key is read`, () => {
      if (option.key === null) return
      const [table = '', key = ''] = option.key.split('.')
      const kinds: Record<string, unknown> = SCHEMA[table as keyof typeof SCHEMA]
      assert.equal(option.kind, kinds[key])
    })

    test(`describes ${option.flag} in a line that fits a terminal`, () => {
      assert.ok(option.help.length <= 52, `${option.help.length} characters`)
      assert.ok(OPTION_TOPICS.includes(option.topic))
    })
  }

  test('stands in the order of its topics', () => {
    const order = OPTION_NAMES.map((name) => OPTION_TOPICS.indexOf(OPTIONS[name].topic))
    assert.deepEqual(
      order,
      order.toSorted((a, b) => a - b),
    )
  })
})
