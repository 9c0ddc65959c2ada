import assert from 'node:assert/strict'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { openServiceManager } from '../../../src/collect/systemd/service-manager.ts'
import { temporaryFolder } from '../../helpers/fake-bus.ts'

/** A `systemd-notify` that writes down what it is told, and ends as the test wants it. */
function open(
  t: TestContext,
  { end = 'exit 0', env = {} }: { end?: string; env?: Record<string, string> } = {},
) {
  const folder = temporaryFolder(t)
  const command = join(folder, 'systemd-notify')
  writeFileSync(
    command,
    `#!/bin/sh\necho "$NOTIFY_SOCKET $*" >>${folder}/told\ntest -z "$SECRET" || exit 9\n${end}\n`,
  )
  chmodSync(command, 0o755)
  const failures: string[] = []
  const manager = openServiceManager({
    env: { PATH: `${folder}:/usr/bin:/bin`, NOTIFY_SOCKET: '/run/x', SECRET: 's', ...env },
    pid: 42,
    onFailure: (reason) => void failures.push(reason),
  })
  assert.ok(manager !== null)
  return { manager, failures, told: () => readFileSync(join(folder, 'told'), 'utf8') }
}

test('is nobody where no one asked', () => {
  assert.equal(openServiceManager({ env: {}, pid: 42, onFailure: () => {} }), null)
})

test('hears everything in order, and nothing of the environment', async (t) => {
  const { manager, told, failures } = open(t)
  await Promise.all([manager.notify(['READY=1', 'STATUS=UP: a b']), manager.notify(['WATCHDOG=1'])])
  assert.equal(told(), '/run/x READY=1 STATUS=UP: a b\n/run/x WATCHDOG=1\n')
  assert.deepEqual(failures, [])
})

test('says once that it cannot be told anything', async (t) => {
  const { manager, failures } = open(t, { end: 'exit 1' })
  await manager.notify(['READY=1'])
  await manager.notify(['READY=1'])
  assert.deepEqual(failures, ['systemd-notify ended with exit code 1'])
  const missing = open(t, { env: { PATH: '/nonexistent' } })
  await missing.manager.notify(['READY=1'])
  assert.deepEqual(missing.failures, ['systemd-notify cannot be run: spawn systemd-notify ENOENT'])
})

test('does not mind that systemd ends it together with the service', async (t) => {
  const ended = open(t, { end: 'kill -TERM $$' })
  await ended.manager.notify(['STOPPING=1'])
  assert.deepEqual(ended.failures, [])
  const killed = open(t, { end: 'kill -KILL $$' })
  await killed.manager.notify(['STOPPING=1'])
  assert.deepEqual(killed.failures, ['systemd-notify ended with SIGKILL'])
})

test('tells how often its watchdog wants to hear, unless it means another process', (t) => {
  const watchdog = (env: Record<string, string>) => open(t, { env }).manager.watchdogMs
  assert.equal(watchdog({}), null)
  assert.equal(watchdog({ WATCHDOG_USEC: '30000000' }), 30_000)
  assert.equal(watchdog({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '42' }), 30_000)
  assert.equal(watchdog({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '43' }), null)
})
