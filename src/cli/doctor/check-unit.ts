import type { UnitReading } from '../../collect/systemd/unit-reading.ts'
import { describeDuration } from '../../lib/text.ts'
import { describeUnit, isActive } from '../../rules/units.ts'
import { failed, ok, skipped, type Finding } from './check.ts'
import type { Patient, Timed } from './patient.ts'

/** Whether every unit that is watched is there and active. */
export async function checkUnit(patient: Patient): Promise<Finding[]> {
  const { loaded, readUnit, examineSupervisor } = patient
  if (loaded === null) return [skipped('needs a right configuration')]
  const { supervisors, monitors } = loaded.config
  const ofSupervisors = supervisors.map(async (supervisor): Promise<Finding> => {
    const reading = await readUnit(supervisor.unit)
    const answers =
      supervisor.url !== 'none' && (await examineSupervisor(supervisor)).reading.kind === 'answered'
    return judge(reading, {
      asked: supervisor.unit,
      of: supervisors.length > 1 ? supervisor.name : null,
      answers,
    })
  })
  const units = new Set(monitors.flatMap(({ target }) => (target.kind === 'unit' ? [target.unit] : [])))
  const ofMonitors = [...units].map(async (unit) =>
    judge(await readUnit(unit), { asked: unit, of: unit, answers: false }),
  )
  return Promise.all([...ofSupervisors, ...ofMonitors])
}

interface About {
  /** The unit by the configuration. */
  readonly asked: string
  readonly of: string | null
  /** Whether supervisord answers anyhow. */
  readonly answers: boolean
}

function judge({ value, ms }: Timed<UnitReading>, { asked, of, answers }: About): Finding {
  const details = { of, ms }
  switch (value.kind) {
    case 'state': {
      const { unit } = value
      const up = unit.activeSeconds === null ? '' : ` for ${describeDuration(unit.activeSeconds)}`
      if (isActive(unit)) return ok(`${describeUnit(unit)}${up}`, details)
      if (answers) return ok(`${describeUnit(unit)}, but supervisord runs: it was started by hand`, details)
      if (unit.loadState === 'masked')
        return failed(describeUnit(unit), `systemctl unmask ${unit.name}`, details)
      const isBroken = unit.activeState === 'failed' || unit.subState === 'auto-restart'
      const start = `systemctl start ${unit.name}`
      const remedy = isBroken ? `journalctl -u ${unit.name} -n 50; then: ${start}` : start
      return failed(describeUnit(unit), remedy, details)
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
