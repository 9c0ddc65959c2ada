import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { isUptimeOfHost } from '../../src/collect/is-uptime-of-host.ts'

test('the uptime is that of the host where it goes with the monotonic clock', (t) => {
  const proc = mkdtempSync(join(tmpdir(), 'ksp-proc-'))
  t.after(() => rmSync(proc, { recursive: true }))
  assert.equal(isUptimeOfHost(5_000_000, proc), false, 'none can be read')
  writeFileSync(join(proc, 'uptime'), '5000.25 9000.00\n')
  assert.equal(isUptimeOfHost(5_000_000, proc), true)
  assert.equal(isUptimeOfHost(9_000_000, proc), false, 'of a container that was started later')
  assert.equal(isUptimeOfHost(4_000_000, proc), false, 'of a host that has slept')
  writeFileSync(join(proc, 'uptime'), 'garbage')
  assert.equal(isUptimeOfHost(5_000_000, proc), false)
})
