import assert from 'node:assert/strict'
import { test } from 'node:test'
import { unitPath } from '../../../src/collect/systemd/unit-path.ts'

test('escapes a unit name as systemd does', () => {
  const table = {
    'supervisor.service': 'supervisor_2eservice',
    '9p-share@a.mount': '_39p_2dshare_40a_2emount',
    'x_y\\x2d.service': 'x_5fy_5cx2d_2eservice',
    'é.service': '_c3_a9_2eservice',
  }
  for (const [id, name] of Object.entries(table)) {
    assert.equal(unitPath(id), `/org/freedesktop/systemd1/unit/${name}`)
  }
})
