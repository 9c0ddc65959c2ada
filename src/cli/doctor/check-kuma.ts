import type { PushAnswerKind } from '../../kuma/push-answer.ts'
import { failed, ok, skipped, type Finding } from './check.ts'
import { eachKuma } from './each-kuma.ts'
import type { Patient } from './patient.ts'

/** By the answers that mean: nothing there could be talked to. */
const REMEDIES: Partial<Record<PushAnswerKind, string>> = {
  refused: 'start Kuma, or correct url under [kuma] (push_url of the monitor); try: curl -sS URL',
  reset: 'look at Kuma and the proxy in front of it; try: curl -sS URL',
  timeout: 'look at the load of Kuma; try: curl -sS -m 30 URL',
  unreachable: 'open the way in the firewall, or set proxy under [kuma]; try: curl -sS -m 10 URL',
  proxy:
    'start the proxy, or correct proxy under [kuma] (where that is not set: HTTPS_PROXY, HTTP_PROXY); proxy = "none" goes without',
  dns: 'correct the name in url under [kuma] (push_url of the monitor), or the DNS of this host: getent hosts HOST',
}

/** Whether anything answers where heartbeats go. */
export function checkKuma(patient: Patient): Promise<Finding[]> {
  return eachKuma(patient, ({ exam, details, probe }) => {
    if (probe === null) return skipped('unknown without certificates', details)
    const { kind, says } = probe.answer
    const remedy = REMEDIES[kind]
    if (remedy === undefined) return ok(`${exam.url} can be reached`, details)
    const { hostname } = new URL(exam.url)
    return failed(says, remedy.replace('URL', exam.url).replace('HOST', hostname), details)
  })
}

/** Whether an answer of this kind leaves everything else unknown. */
export function isOutOfReach(kind: PushAnswerKind): boolean {
  return kind in REMEDIES
}
