import { describeDuration } from '../../lib/text.ts'
import { failed, ok, skipped, type Finding } from './check.ts'
import { eachKuma } from './each-kuma.ts'
import type { Patient } from './patient.ts'

/** Beyond the seconds of a Date header and of a slow answer. */
const TOLERANCE_MS = 30_000

/** Whether this host and Kuma agree on the time, which messages name: `was down 12:03 to 12:07`. */
export function checkClock(patient: Patient): Promise<Finding[]> {
  return eachKuma(patient, ({ exam, details, probe }) => {
    const dateMs = probe?.dateMs ?? null
    if (dateMs === null) return skipped('unknown: no answer with a Date', details)
    const aheadMs = exam.answeredAtMs - exam.ms / 2 - dateMs
    if (Math.abs(aheadMs) < TOLERANCE_MS) return ok('agrees with that of Kuma', details)
    const way = aheadMs > 0 ? 'ahead of' : 'behind'
    return failed(
      `this host is ${describeDuration(Math.abs(aheadMs) / 1000)} ${way} the clock of Kuma`,
      'timedatectl set-ntp true, here or where Kuma runs',
      details,
    )
  })
}
