import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatPlan } from '../../../src/cli/provision/describe.ts'
import { textWidth } from '../../../src/cli/screen.ts'

test('what is said of the monitors begins in one column, however wide their letters are', () => {
  const kept = ['web', '网站'].map((name) => ({ name, programs: [], doubt: null }))
  const draft = {
    plan: { group: { id: 1, name: 'host' }, make: [], keep: kept, surplus: [], conflicts: [] },
    alerts: { notify: 'host', notifications: [] },
    isMute: false,
    prune: false,
    newKumaUrl: null,
  } as const
  const surroundings = {
    kumaUrl: 'http://127.0.0.1:3001',
    version: '2.0.0',
    file: 'config.toml',
    intervalSeconds: 60,
  }
  const lines = formatPlan(draft, surroundings, { isUtf8: true, hasColours: false }).split('\n')
  const about = lines.filter((line) => line.includes('the whole supervisord'))
  const columns = about.map((line) => textWidth(line.slice(0, line.indexOf('the whole'))))
  assert.deepEqual(columns, [15, 15])
})
