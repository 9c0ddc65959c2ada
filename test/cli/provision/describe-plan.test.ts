import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describePlan } from '../../../src/cli/provision/describe-plan.ts'
import type { Plan } from '../../../src/cli/provision/plan.ts'
import { textWidth } from '../../../src/cli/screen.ts'

test('what is said of the monitors begins in one column, however wide their letters are', () => {
  const kept = ['web', '网站'].map((name) => ({ name, programs: [], doubt: null }))
  const plan: Plan = {
    hostName: 'host',
    group: { id: 1, name: 'host' },
    make: [],
    keep: kept,
    surplus: [],
    conflicts: [],
  }
  const words = {
    kumaUrl: 'http://127.0.0.1:3001',
    version: '2.0.0',
    file: 'config.toml',
    newKumaUrl: null,
    intervalSeconds: 60,
    alerts: () => [],
    isMute: false,
    prune: false,
  }
  const lines = describePlan(plan, words, { isUtf8: true, hasColours: false }).split('\n')
  const about = lines.filter((line) => line.includes('the whole supervisord'))
  const columns = about.map((line) => textWidth(line.slice(0, line.indexOf('the whole'))))
  assert.deepEqual(columns, [15, 15])
})
