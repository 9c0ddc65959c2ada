import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeUsageError } from '../../src/cli/describe-usage-error.ts'

const rows: [string, string, string][] = [
  ['a long option without its value', "'--tokn=AWbU=X'", "'--tokn=…'"],
  ['one whose value has lines and quotes', "'--tokn=A'W\nb'", "'--tokn=…'"],
  ['a short option without what follows it', "'-tAWbUX'", "'-t…'"],
  [
    'an option without a value as it is',
    "'--tokn'\n(Did you mean --token?)",
    "'--tokn'\n(Did you mean --token?)",
  ],
]
for (const [name, given, shown] of rows) {
  test(`shows ${name}`, () => {
    assert.equal(describeUsageError(`error: unknown option ${given}`), `error: unknown option ${shown}`)
  })
}
