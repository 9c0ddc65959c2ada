import { failed, ok, skipped, type Finding } from './check.ts'
import type { Patient } from './patient.ts'
import { SERVICE_UNIT } from './service-unit.ts'

/** Whether systemd can be asked. */
export async function checkBus({ loaded, readUnit }: Patient): Promise<Finding[]> {
  const { value, ms } = await readUnit(SERVICE_UNIT)
  switch (value.kind) {
    case 'state':
    case 'not-found':
      return [ok('systemd answers over D-Bus', { ms })]
    case 'no-systemd':
      return [skipped('no systemd on this host: supervisord alone is asked', { ms })]
    case 'not-asked':
      return [skipped('not asked', { ms })]
    case 'unreachable': {
      const isNeeded =
        loaded === null ||
        loaded.config.supervisors.some(({ unit }) => unit !== 'none') ||
        loaded.config.monitors.some(({ target }) => target.kind === 'unit')
      const remedy =
        'systemctl start dbus.socket; in a container: mount /run/dbus/system_bus_socket, or set unit = "none" under [[supervisor]]'
      return [
        isNeeded
          ? failed(`systemd cannot be asked: ${value.cause}`, remedy, { ms })
          : skipped(`not needed: ${value.cause}`, { ms }),
      ]
    }
  }
}
