import type { UnitState } from '../../collect/systemd/unit-reading.ts'
import { cut, describeDuration } from '../../lib/text.ts'
import { describeUnit, isActive } from '../../rules/units.ts'
import { failed, ok, skipped, type Finding } from './check.ts'
import type { Patient } from './patient.ts'
import { SERVICE_UNIT } from './service-unit.ts'

/** Whether the installed service runs. */
export async function checkService({ readUnit, journal, cronJob }: Patient): Promise<Finding[]> {
  const { value, ms } = await readUnit(SERVICE_UNIT)
  if (value.kind === 'state') {
    const finding = judge(value.unit)
    // What it wrote last is why it ended.
    const last = BROKEN.has(value.unit.activeState) ? (await journal())?.at(-1) : undefined
    const says = last === undefined ? finding.says : `${finding.says}: ${cut(last.text, MOST_SHOWN)}`
    return [{ ...finding, says, ms }]
  }
  const cron = await cronJob()
  if (cron !== null) return [ok(`none: cron runs it by ${cron.fields}`, { ms })]
  if (value.kind === 'not-found') return [skipped(`no ${SERVICE_UNIT}: run by hand`, { ms })]
  if (value.kind === 'no-systemd') return [skipped('no systemd on this host', { ms })]
  return [skipped('unknown: systemd cannot be asked', { ms })]
}

const BROKEN: ReadonlySet<string> = new Set(['failed', 'activating'])
const MOST_SHOWN = 200

const LOG = 'journalctl -u kuma-supervisor-push -n 30'
/** The service ends with these for good. */
const NEVER_AGAIN: Readonly<Record<number, string>> = {
  64: `${LOG}; then correct ExecStart, and: systemctl restart kuma-supervisor-push`,
  78: `correct the configuration as ${LOG} says, then: systemctl restart kuma-supervisor-push`,
}

function judge(unit: UnitState): Finding {
  const { activeState, activeSeconds, restarts, execMainStatus } = unit
  if (isActive(unit)) {
    const again = restarts === 0 ? '' : `, restarted ${restarts}×`
    return ok(`${describeUnit(unit)} for ${describeDuration(activeSeconds ?? 0)}${again}`)
  }
  if (unit.loadState === 'masked') return failed(describeUnit(unit), `systemctl unmask ${SERVICE_UNIT}`)
  if (activeState === 'failed' || activeState === 'activating') {
    const remedy = NEVER_AGAIN[execMainStatus] ?? `${LOG}; then: systemctl restart kuma-supervisor-push`
    return failed(describeUnit(unit), remedy)
  }
  return failed(describeUnit(unit), 'systemctl enable --now kuma-supervisor-push')
}
