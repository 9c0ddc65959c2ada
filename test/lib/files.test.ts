import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as atOnce from '../../src/lib/files-at-once.ts'
import * as files from '../../src/lib/files.ts'

test('a one-shot has in its bundle all that is done with files', () => {
  assert.deepEqual(Object.keys(atOnce).toSorted(), Object.keys(files).toSorted())
})

test('a file that is missing is a rejection for a one-shot too, not an exception', async () => {
  const asked = atOnce.readFile('/none/here')
  await assert.rejects(asked, { code: 'ENOENT' })
})
