import assert from 'node:assert/strict'
import { test } from 'node:test'
import { expand } from '../../../src/collect/supervisor/expand.ts'

const names = new Map([
  ['here', '/etc'],
  ['ENV_HOME', '/root'],
])
const CASES: [string, ReturnType<typeof expand>][] = [
  ['plain', { value: 'plain' }],
  ['%(here)s/a/%(ENV_HOME)s', { value: '/etc/a//root' }],
  ['100%%', { value: '100%' }],
  ['%%(here)s', { value: '%(here)s' }],
  ['%(ENV_X)s and %(ENV_Y)s', { wrong: '%(ENV_X)s is not known here' }],
  ['50%', { wrong: 'a single % (write %%)' }],
  ['%(here)d', { wrong: 'a single % (write %%)' }],
]
for (const [text, expected] of CASES) {
  test(`expands ${text}`, () =>
    assert.deepEqual(
      expand(text, (name) => names.get(name)),
      expected,
    ))
}
