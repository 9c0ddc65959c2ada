import { failed, ok, skipped, type Finding } from './check.ts'
import { eachSupervisor, type Examined } from './each-supervisor.ts'
import type { Patient } from './patient.ts'

/** Whether supervisord takes the username and password. */
export function checkCredentials(patient: Patient): Promise<Finding[]> {
  return eachSupervisor(patient, judge)
}

/** Failures in which supervisord was never asked for a password. */
const BEFORE = new Set([
  'no-address',
  'socket-missing',
  'refused',
  'permission',
  'timeout',
  'unreachable',
  'no-descriptors',
  'bad-answer',
])

function judge({ exam, of }: Examined): Finding {
  const { reading, username, warning, readMs } = exam
  const details = { of, ms: readMs }
  const reason = reading.kind === 'failed' ? reading.failure.reason : null
  if (reason === 'unauthorized') {
    const given = username === null ? 'none were given' : `those of "${username}" are wrong`
    return failed(
      warning ?? `supervisord wants a username and password: ${given}`,
      'under [[supervisor]]: username = "…" and password_file = "…", as in [unix_http_server] or [inet_http_server]',
      details,
    )
  }
  if (reason !== null && BEFORE.has(reason)) return skipped('unknown without an answer', details)
  return ok(username === null ? 'none needed' : `taken for "${username}"`, details)
}
