import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { isMissing } from '../../src/lib/is-missing.ts'

const folder = mkdtempSync(join(tmpdir(), 'ksp-missing-'))
after(() => rmSync(folder, { recursive: true, maxRetries: 9 }))

test('nothing is at a path that does not exist, nor below a file', () => {
  writeFileSync(join(folder, 'file'), '')
  assert.equal(isMissing(folder), false)
  assert.equal(isMissing(join(folder, 'file')), false)
  assert.equal(isMissing(join(folder, 'none')), true)
  assert.equal(isMissing(join(folder, 'none/x')), true)
  assert.equal(isMissing(join(folder, 'file/x')), true)
})

test('what cannot be known is not missing', () => {
  symlinkSync('loop', join(folder, 'loop'))
  assert.equal(isMissing(join(folder, 'loop')), false)
})
