import type { PushAnswerKind } from '../../kuma/push-answer.ts'
import { failed, ok, skipped, type Finding } from './check.ts'
import { isOutOfReach } from './check-kuma.ts'
import { eachKuma } from './each-kuma.ts'
import type { Patient } from './patient.ts'

/** By the answers that mean: no TLS that can be trusted. */
const REMEDIES: Partial<Record<PushAnswerKind, string>> = {
  tls:
    'ca_file = "/etc/kuma-supervisor-push/ca.pem" under [kuma], with the authority that this shows: ' +
    'openssl s_client -connect ADDRESS -showcerts </dev/null; client_cert_file and client_key_file where Kuma wants them',
  certificate:
    'renew the certificate of Kuma or of the proxy in front of it, or correct the name in url under [kuma]; it shows: ' +
    'openssl s_client -connect ADDRESS </dev/null | openssl x509 -noout -dates -ext subjectAltName',
  'no-tls':
    'correct https:// or the port in url under [kuma] (push_url of the monitor); try: curl -sS http://ADDRESS',
}

/** Whether an answer of this kind leaves what stands behind it unknown. */
export function isUntrusted(kind: PushAnswerKind): boolean {
  return kind in REMEDIES
}

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
    const remedy = REMEDIES[kind]
    if (remedy !== undefined) {
      const address = `${hostname}:${port === '' ? 443 : port}`
      return failed(probe?.answer.says ?? '', remedy.replaceAll('ADDRESS', address), details)
    }
    if (isOutOfReach(kind)) return skipped('unknown without a connection', details)
    return ok(
      exam.isInsecure ? 'encrypted, but the certificate is not checked' : 'the certificate is trusted',
      details,
    )
  })
}
