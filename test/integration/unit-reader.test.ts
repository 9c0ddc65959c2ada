import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { sessionBus } from '@jellybrick/dbus-next'
import { UnitReader } from '../../src/collect/systemd/units.ts'
import { realClock } from '../../src/lib/clock.ts'
import { startDbusDaemon } from '../helpers/dbus-daemon.ts'
import { temporaryFolder } from '../helpers/fake-bus.ts'

const limits = { signal: new AbortController().signal, timeoutMs: 10_000 }

test('says no-systemd at a real bus without systemd, and unreachable where systemd runs beside it', async (t) => {
  const folder = temporaryFolder(t)
  await startBus(t, folder)
  const reader = readerOf(t, folder)
  assert.deepEqual(await reader.read('auto', limits), { kind: 'no-systemd' })
  mkdirSync(`${folder}/run/systemd/system`, { recursive: true })
  const reading = await reader.read('auto', limits)
  assert.ok(reading.kind === 'unreachable')
  assert.match(
    reading.cause,
    /^systemd is not on the bus: org\.freedesktop\.DBus\.Error\.\w+: .*org\.freedesktop\.systemd1/,
  )
})

test('names a bus whose policy forbids the call', async (t) => {
  const folder = temporaryFolder(t)
  await startBus(t, folder, '<deny send_interface="org.freedesktop.systemd1.Manager"/>')
  const systemd = sessionBus({ busAddress: `unix:path=${folder}/run/dbus/system_bus_socket` })
  t.after(() => systemd.disconnect())
  await systemd.requestName('org.freedesktop.systemd1')
  const reading = await readerOf(t, folder).read('auto', limits)
  assert.ok(reading.kind === 'unreachable')
  assert.match(reading.cause, /^org\.freedesktop\.DBus\.Error\.AccessDenied: Rejected send message/)
})

test('names a bus that lets nobody in', async (t) => {
  const folder = temporaryFolder(t)
  await startBus(t, folder, '', '<deny user="*"/>')
  const reading = await readerOf(t, folder).read('auto', limits)
  const socket = `${folder}/run/dbus/system_bus_socket`
  assert.deepEqual(reading, {
    kind: 'unreachable',
    cause: `the bus closed the connection during the login at ${socket}`,
  })
})

test('gets over a real bus that freezes, is killed and comes back', async (t) => {
  const folder = temporaryFolder(t)
  const socket = `${folder}/run/dbus/system_bus_socket`
  const first = await startBus(t, folder)
  const reader = readerOf(t, folder)
  assert.deepEqual(await reader.read('auto', limits), { kind: 'no-systemd' })

  first.kill('SIGSTOP')
  const late = await reader.read('auto', { ...limits, timeoutMs: 1000 })
  assert.deepEqual(late, {
    kind: 'unreachable',
    cause: `ListUnitsByNames timed out after 1000 ms at ${socket}`,
  })
  const dying = reader.read('auto', limits)
  await sleep(50)
  first.kill('SIGKILL')
  const dead = await dying
  assert.ok(dead.kind === 'unreachable')
  assert.match(dead.cause, /nobody listens \(ECONNREFUSED\)|the bus closed the connection/)

  rmSync(socket)
  await startBus(t, folder)
  assert.deepEqual(await reader.read('auto', limits), { kind: 'no-systemd' })
})

function readerOf(t: TestContext, root: string): UnitReader {
  const reader = new UnitReader(null, realClock, root)
  t.after(() => reader.close())
  return reader
}

/** A bus at the usual place below the folder, where everybody may do anything but what the rules forbid. */
function startBus(t: TestContext, folder: string, rules = '', connectRules = ''): Promise<ChildProcess> {
  return startDbusDaemon(
    t,
    folder,
    `<allow user="*"/><allow own="*"/><allow send_type="method_call"/><allow receive_type="error"/>
     <allow receive_type="method_return"/>${rules}${connectRules}`,
  )
}
