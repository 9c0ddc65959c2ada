import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readCommandLine } from '../../src/cli/command-line.ts'
import { completeInBash } from '../../src/cli/completion.ts'
import { readProgram } from '../../scripts/docs/reference.ts'

test('the completion for bash asks once for each option with a value, though several commands have it', () => {
  const lines = completeInBash(readCommandLine(readProgram())).split('\n')
  const patterns = lines
    .filter((line) => /^ +-.*\)$/.test(line))
    .map((line) => line.trim().slice(0, -1).split(' | '))
  const [skipped = [], ...completed] = patterns
  assert.ok(skipped.includes('--password-file'))
  assert.deepEqual(skipped, [...new Set(skipped)])
  assert.deepEqual(completed.flat().toSorted(), skipped.toSorted())
})
