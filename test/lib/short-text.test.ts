import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shortText } from '../../src/lib/short-text.ts'
import { createMask } from '../../src/lib/secret.ts'

test('masks secrets before it cuts, so that no half of one is left', () => {
  const token = 'AWbUXTosJGq1w2e3'
  const header = 'HeaderThatMustNotBeSeen'
  const mask = createMask({ tokens: [], passwords: [header] })
  for (let before = 80; before < 130; before += 1) {
    const text = shortText(`${'x'.repeat(before)} ${header} ${token}`, token, mask)
    assert.ok(text.length <= 120)
    assert.doesNotMatch(text, /He|AWbU/)
  }
})
