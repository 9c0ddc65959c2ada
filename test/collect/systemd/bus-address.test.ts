import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { findBusSocket } from '../../../src/collect/systemd/bus-address.ts'
import { temporaryFolder } from '../../helpers/fake-bus.ts'

test('takes the socket of a D-Bus address', () => {
  const table: [string, string][] = [
    ['unix:path=/run/dbus/system_bus_socket', '/run/dbus/system_bus_socket'],
    ['unix:path=/run/bus,guid=0123', '/run/bus'],
    ['unix:guid=0123,path=/run/bus', '/run/bus'],
    ['tcp:host=localhost,port=1;unix:path=/run/bus', '/run/bus'],
  ]
  for (const [address, path] of table) assert.equal(findBusSocket(address, '/'), path)
})

test('looks in the usual places without an address', (t) => {
  const root = temporaryFolder(t)
  assert.equal(findBusSocket(null, root), `${root}/run/dbus/system_bus_socket`)
  mkdirSync(`${root}/var/run/dbus`, { recursive: true })
  writeFileSync(`${root}/var/run/dbus/system_bus_socket`, '')
  assert.equal(findBusSocket(null, root), `${root}/var/run/dbus/system_bus_socket`)
})

test('refuses an address it cannot use, and quotes it', () => {
  for (const address of [
    '',
    'tcp:host=localhost,port=1',
    'unix:abstract=/x',
    'unixexec:path=/bin/sh',
    '/run/bus',
    'unix:path=/a:b',
  ]) {
    assert.throws(() => findBusSocket(address, '/'), {
      code: 'address',
      message: `DBUS_SYSTEM_BUS_ADDRESS must be unix:path=/…/socket, got "${address}"`,
    })
  }
})
