import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as atOnce from '../../scripts/files-at-once.ts'
import * as files from '../../src/files.ts'

test('what stands for src/files.ts in a one-shot has all that it has, and no more', () => {
  assert.deepEqual(Object.keys(atOnce).toSorted(), Object.keys(files).toSorted())
})
