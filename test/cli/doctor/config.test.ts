import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judgeNode } from '../../../src/cli/doctor/config.ts'

const rows: [version: string, result: string][] = [
  ['18.20.8', 'failed'],
  ['20.9.0', 'failed'],
  ['20.18.0', 'failed'],
  ['20.18.1', 'ok'],
  ['20.19.0', 'ok'],
  ['22.0.0', 'ok'],
  ['25.0.0-nightly20250901', 'ok'],
]
for (const [version, result] of rows) {
  test(`Node ${version}: ${result}`, () => {
    const finding = judgeNode(version)
    assert.equal(finding.result, result)
    assert.equal(finding.remedy === null, result === 'ok')
  })
}
