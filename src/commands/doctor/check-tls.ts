import { failed, ok, skipped, type Finding } from './check.ts'
import { isOutOfReach } from './check-kuma.ts'
import { eachKuma } from './each-kuma.ts'
import type { Patient } from './patient.ts'

/** Whether the way to Kuma is encrypted and its certificate trusted. */
export function checkTls(patient: Patient): Promise<Finding[]> {
  return eachKuma(patient, ({ exam, details, probe }) => {
    if (exam.found.kind === 'unusable') {
      return failed(
        exam.found.problem,
        'correct ca_file, client_cert_file and client_key_file under [kuma]',
        details,
      )
    }
    const { protocol, hostname, port } = new URL(exam.url)
    if (protocol !== 'https:') return skipped('not used: http://', details)
    const kind = probe?.answer.kind ?? 'agent-error'
    if (kind === 'tls') {
      const show = `openssl s_client -connect ${hostname}:${port === '' ? 443 : port} -showcerts </dev/null`
      return failed(
        probe?.answer.says ?? '',
        `ca_file = "/etc/kuma-supervisor-push/ca.pem" under [kuma], with the authority that this shows: ${show}`,
        details,
      )
    }
    if (isOutOfReach(kind)) return skipped('unknown without a connection', details)
    return ok(
      exam.isInsecure ? 'encrypted, but the certificate is not checked' : 'the certificate is trusted',
      details,
    )
  })
}
