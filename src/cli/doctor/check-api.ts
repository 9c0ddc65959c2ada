import type { PushAnswerKind } from '../../kuma/push-answer.ts'
import { failed, ok, skipped, type Finding } from './check.ts'
import { isOutOfReach } from './check-kuma.ts'
import { isUntrusted } from './check-tls.ts'
import { eachKuma } from './each-kuma.ts'
import type { Patient } from './patient.ts'

const CORRECT_URL =
  'correct url under [kuma] (push_url of the monitor): what stands before /api/push/ on the page of the monitor in Kuma'

const REMEDIES: Partial<Record<PushAnswerKind, string>> = {
  denied:
    'under [kuma]: username and password_file, or headers, as the proxy wants them; or let /api/push/ through without a login',
  busy: 'wait, and see the log of Kuma and of the proxy in front of it',
  'passing-error': 'wait, and see the log of Kuma',
  migrating: `wait for the end of an upgrade of Kuma, or ${CORRECT_URL}`,
}

/** Whether it is Kuma's push API that answers: it does not know a token that nobody has. */
export function checkApi(patient: Patient): Promise<Finding[]> {
  return eachKuma(patient, ({ exam, details, probe }) => {
    const kind = probe?.answer.kind ?? 'agent-error'
    if (probe === null || isUntrusted(kind) || isOutOfReach(kind))
      return skipped('unknown without a connection', details)
    if (kind === 'unknown-monitor') return ok("it is Kuma's push API", details)
    if (kind === 'accepted') {
      return failed(
        `what answers at ${exam.url} takes a token that nobody has: it is not Kuma`,
        CORRECT_URL,
        details,
      )
    }
    return failed(probe.answer.says, REMEDIES[kind] ?? CORRECT_URL, details)
  })
}
