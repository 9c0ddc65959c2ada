import type { UnitReading } from '../../collect/systemd/units.ts'
import { describeDuration } from '../../lib/text.ts'
import { describeUnit, isActive } from '../../rules/units.ts'
import type { DoctorContext, Timed } from './context.ts'
import { failed, ok, skipped, type Finding } from './report.ts'
import { SERVICE_UNIT } from './service.ts'

/** `bus`: systemd can be asked. */
export async function checkBus(context: DoctorContext): Promise<Finding[]> {
  const { value, ms } = await context.readings.unit(SERVICE_UNIT)
  switch (value.kind) {
    case 'state':
    case 'not-found':
      return [ok('systemd answers over D-Bus', { ms })]
    case 'no-systemd':
      return [skipped('no systemd on this host: supervisord alone is asked', { ms })]
    case 'not-asked':
      return [skipped('not asked', { ms })]
    case 'unreachable': {
      const config = context.loaded?.config
      const isNeeded =
        config === undefined ||
        config.supervisors.some(({ unit }) => unit !== 'none') ||
        config.monitors.some(({ target }) => target.kind === 'unit')
      if (!isNeeded) return [skipped(`not needed: ${value.cause}`, { ms })]
      const remedy =
        'systemctl start dbus.socket; in a container: mount /run/dbus/system_bus_socket, or set unit = "none" under [[supervisor]]'
      return [failed(`systemd cannot be asked: ${value.cause}`, remedy, { ms })]
    }
  }
}

/** `unit`: every unit that is watched is there and active. */
export async function checkUnit(context: DoctorContext): Promise<Finding[]> {
  const { loaded } = context
  if (loaded === null) return [skipped('needs a right configuration')]
  const { supervisors, monitors } = loaded.config
  const ofSupervisors = supervisors.map(async (supervisor): Promise<Finding> => {
    const { name, unit: asked, url } = supervisor
    const reading = await context.readings.unit(asked)
    const answers =
      url !== 'none' && (await context.readings.supervisor(supervisor)).reading.kind === 'answered'
    return judgeUnit(reading, { asked, of: supervisors.length > 1 ? name : null, answers })
  })
  const units = new Set(monitors.flatMap(({ target }) => (target.kind === 'unit' ? [target.unit] : [])))
  const ofMonitors = [...units].map(async (unit) =>
    judgeUnit(await context.readings.unit(unit), { asked: unit, of: unit, answers: false }),
  )
  return Promise.all([...ofSupervisors, ...ofMonitors])
}

interface About {
  /** The unit by the configuration. */
  readonly asked: string
  readonly of: string | null
  /** supervisord answers, whatever the unit is. */
  readonly answers: boolean
}

function judgeUnit({ value, ms }: Timed<UnitReading>, { asked, of, answers }: About): Finding {
  const details = { of, ms }
  switch (value.kind) {
    case 'state': {
      const { unit } = value
      const says = describeUnit(unit)
      const up = unit.activeSeconds === null ? '' : ` for ${describeDuration(unit.activeSeconds)}`
      if (isActive(unit)) return ok(`${says}${up}`, details)
      if (answers) return ok(`${says}, but supervisord runs: it was started by hand`, details)
      if (unit.loadState === 'masked') return failed(says, `systemctl unmask ${unit.name}`, details)
      const isBroken = unit.activeState === 'failed' || unit.subState === 'auto-restart'
      const start = `systemctl start ${unit.name}`
      return failed(says, isBroken ? `journalctl -u ${unit.name} -n 50; then: ${start}` : start, details)
    }
    case 'not-found': {
      const names = value.names.join(' or ')
      if (asked === 'auto' && answers) return ok(`no ${names}: supervisord was started by hand`, details)
      const remedy =
        asked === 'auto'
          ? 'install supervisor (apt-get install supervisor), or set unit = "NAME" under [[supervisor]]; systemctl list-units lists the names'
          : 'correct the unit in the configuration; systemctl list-units lists the names'
      return failed(`systemd knows no ${names}`, remedy, details)
    }
    case 'no-systemd':
      return asked === 'auto'
        ? skipped('no systemd on this host', details)
        : failed(
            `there is no systemd on this host to ask about ${asked}`,
            'set unit = "none" under [[supervisor]]',
            details,
          )
    case 'unreachable':
      return skipped('unknown: systemd cannot be asked', details)
    case 'not-asked':
      return skipped('not asked: unit = "none"', details)
  }
}
