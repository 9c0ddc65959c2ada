import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { supportOf } from '../../../src/kuma/api/monitors.ts'

describe('supportOf', () => {
  const known: [string, boolean][] = [
    ['1.23.0', false],
    ['1.23.17', false],
    ['2.0.0-dev.0', false],
    ['2.0.0-beta.1', true],
    ['2.0.0', true],
    ['2.5.3', true],
    ['2.10.0-nightly-20261101', true],
  ]
  for (const [version, hasConditions] of known) {
    test(`sets up ${version} ${hasConditions ? 'with' : 'without'} conditions`, () => {
      assert.deepEqual(supportOf(version), { kind: 'known', hasConditions })
    })
  }

  const unknown: [string, RegExp][] = [
    ['0.9.0', /is too old/],
    ['1.9.2', /is too old/],
    ['1.22.1', /is too old/],
    ['3.0.0', /is newer than what is known/],
    ['20.1.0', /is newer than what is known/],
    ['', /calls itself ""/],
    ['latest', /calls itself "latest"/],
  ]
  for (const [version, message] of unknown) {
    test(`does not set up "${version}", and says what to do`, () => {
      const support = supportOf(version)
      assert.equal(support.kind, 'unknown')
      assert.match(support.message, message)
      assert.match(support.message, /by hand; nothing was changed$/)
    })
  }
})
