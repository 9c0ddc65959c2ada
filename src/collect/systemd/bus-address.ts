import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { BusFailure } from './bus-failure.ts'

const USUAL_SOCKETS = ['run/dbus/system_bus_socket', 'var/run/dbus/system_bus_socket'] as const

/**
 * The socket file of the system bus.
 * @param address the value of `DBUS_SYSTEM_BUS_ADDRESS`, or null for the usual places; of several addresses in it the
 *   first `unix:path=` counts
 * @param root where the usual places are; `/` but in tests
 * @throws {BusFailure} `address`
 * @see https://dbus.freedesktop.org/doc/dbus-specification.html#addresses
 */
export function findBusSocket(address: string | null, root: string): string {
  if (address === null) {
    const usual = USUAL_SOCKETS.map((path) => join(root, path))
    return usual.find((path) => existsSync(path)) ?? join(root, USUAL_SOCKETS[0])
  }
  const path = address
    .split(';')
    .map((one) => /^unix:(?:[^,]*,)*?path=([^,]+)/.exec(one)?.[1])
    .find((found) => found !== undefined)
  // The D-Bus library cuts an address at these, escaped or not.
  if (path === undefined || /[:%]/.test(path)) {
    throw new BusFailure('address', `DBUS_SYSTEM_BUS_ADDRESS must be unix:path=/…/socket, got "${address}"`)
  }
  return path
}
