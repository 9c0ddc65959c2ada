import assert from 'node:assert/strict'
import { test } from 'node:test'
import { unitNames } from '../../../src/collect/systemd/unit-name.ts'

test('completes a name as systemctl does', () => {
  const table: [string, string[]][] = [
    ['auto', ['supervisord.service', 'supervisor.service']],
    ['supervisor', ['supervisor.service']],
    ['nginx.service', ['nginx.service']],
    ['backup.timer', ['backup.timer']],
    ['srv-data.mount', ['srv-data.mount']],
    ['php8.2-fpm', ['php8.2-fpm.service']],
    ['worker@3', ['worker@3.service']],
    ['service', ['service.service']],
  ]
  for (const [name, names] of table) assert.deepEqual(unitNames(name), names, name)
})
