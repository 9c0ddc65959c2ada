import { clientFor, openKumaClients } from '../../agent/notifiers.ts'
import { pushAll, type Pushed } from '../../agent/push-all.ts'
import type { Config, PushTarget } from '../../config/config.ts'
import type { PushAnswerKind } from '../../kuma/answers.ts'
import type { Probe } from '../../kuma/push.ts'
import { ConfigError } from '../../lib/errors.ts'
import { realClock } from '../../lib/clock.ts'
import { describeDuration } from '../../lib/text.ts'
import type { DoctorContext } from './context.ts'
import { failed, ok, skipped, type Finding } from './report.ts'

/** One address that heartbeats go to, asked what it is. */
export interface KumaProbe {
  /** Without credentials. */
  readonly url: string
  /** Its certificate is not checked. */
  readonly isInsecure: boolean
  readonly found:
    | { readonly kind: 'probed'; readonly probe: Probe }
    /** A certificate or key of the configuration cannot be used. */
    | { readonly kind: 'unusable'; readonly problem: string }
  /** Unix milliseconds at which the answer came. */
  readonly answeredAtMs: number
  readonly ms: number
}

/** Asks every address that heartbeats go to, without a heartbeat. */
export async function probeKumas(config: Config, signal: AbortSignal): Promise<readonly KumaProbe[]> {
  const targets = new Map<string, PushTarget>()
  for (const target of config.monitors.flatMap(({ push }) => push ?? [])) {
    targets.set(`${target.kuma} ${target.baseUrl}`, target)
  }
  return Promise.all(
    [...targets.values()].map(async (target): Promise<KumaProbe> => {
      const kumas = config.kumas.filter(({ name }) => name === target.kuma)
      const startedMs = realClock.now()
      const found = await probe({ ...config, kumas }, target, signal)
      const { origin, pathname } = new URL(target.baseUrl)
      return {
        url: `${origin}${pathname.replace(/\/+$/, '')}`,
        isInsecure: kumas.some(({ insecure }) => insecure),
        found,
        answeredAtMs: Date.now(),
        ms: realClock.now() - startedMs,
      }
    }),
  )
}

async function probe(config: Config, target: PushTarget, signal: AbortSignal): Promise<KumaProbe['found']> {
  try {
    const clients = await openKumaClients(config, realClock)
    try {
      return { kind: 'probed', probe: await clientFor(target, clients).probe(target, signal) }
    } finally {
      await Promise.all(clients.map((client) => client.close()))
    }
  } catch (error) {
    if (error instanceof ConfigError) return { kind: 'unusable', problem: error.problems.join('; ') }
    throw error
  }
}

interface Probed {
  readonly kuma: KumaProbe
  /** For the findings. */
  readonly details: { readonly of: string | null; readonly ms: number }
  /** Null when no request could be made. */
  readonly probe: Probe | null
  /** `agent-error` without a request. */
  readonly kind: PushAnswerKind
}

/** Returns one finding for each address that heartbeats go to. */
async function eachKuma(context: DoctorContext, judge: (probed: Probed) => Finding): Promise<Finding[]> {
  if (context.loaded === null) return [skipped('needs a right configuration')]
  const kumas = await context.readings.kumas()
  if (kumas.length === 0) return [skipped('not asked: no monitor has a token')]
  return kumas.map((kuma) => {
    const { found, url, ms } = kuma
    const details = { of: kumas.length > 1 ? url : null, ms }
    const answered = found.kind === 'probed' ? found.probe : null
    return judge({ kuma, details, probe: answered, kind: answered?.answer.kind ?? 'agent-error' })
  })
}

type Remedies = Partial<Record<PushAnswerKind, string>>

const OUT_OF_REACH: Remedies = {
  refused: 'start Kuma, or correct url under [kuma] (push_url of the monitor); try: curl -sS URL',
  reset: 'look at Kuma and the proxy in front of it; try: curl -sS URL',
  timeout: 'look at the load of Kuma; try: curl -sS -m 30 URL',
  unreachable: 'open the way in the firewall, or set proxy under [kuma]; try: curl -sS -m 10 URL',
  proxy:
    'start the proxy, or correct proxy under [kuma] (where that is not set: HTTPS_PROXY, HTTP_PROXY); proxy = "none" goes without',
  dns: 'correct the name in url under [kuma] (push_url of the monitor), or the DNS of this host: getent hosts HOST',
}

const UNTRUSTED: Remedies = {
  tls:
    'ca_file = "/etc/kuma-supervisor-push/ca.pem" under [kuma], with the authority that this shows: ' +
    'openssl s_client -connect ADDRESS -showcerts </dev/null; client_cert_file and client_key_file where Kuma wants them',
  certificate:
    'renew the certificate of Kuma or of the proxy in front of it, or correct the name in url under [kuma]; it shows: ' +
    'openssl s_client -connect ADDRESS </dev/null | openssl x509 -noout -dates -ext subjectAltName',
  'no-tls':
    'correct https:// or the port in url under [kuma] (push_url of the monitor); try: curl -sS http://ADDRESS',
}

const CORRECT_URL =
  'correct url under [kuma] (push_url of the monitor): what stands before /api/push/ on the page of the monitor in Kuma'

/** For any other answer: `CORRECT_URL`. */
const NOT_THE_API: Remedies = {
  denied:
    'under [kuma]: username and password_file, or headers, as the proxy wants them; or let /api/push/ through without a login',
  busy: 'wait, and see the log of Kuma and of the proxy in front of it',
  'passing-error': 'wait, and see the log of Kuma',
  migrating: `wait for the end of an upgrade of Kuma, or ${CORRECT_URL}`,
}

/** `kuma`: something answers where heartbeats go. */
export function checkKuma(context: DoctorContext): Promise<Finding[]> {
  return eachKuma(context, ({ kuma: { url }, details, probe: answered, kind }) => {
    if (answered === null) return skipped('unknown without certificates', details)
    const remedy = OUT_OF_REACH[kind]
    if (remedy === undefined) return ok(`${url} can be reached`, details)
    const { hostname } = new URL(url)
    return failed(answered.answer.message, remedy.replace('URL', url).replace('HOST', hostname), details)
  })
}

/** `tls`: the connection to Kuma is encrypted, and its certificate trusted. */
export function checkTls(context: DoctorContext): Promise<Finding[]> {
  return eachKuma(context, ({ kuma: { url, found, isInsecure }, details, probe: answered, kind }) => {
    if (found.kind === 'unusable') {
      const remedy = 'correct ca_file, client_cert_file and client_key_file under [kuma]'
      return failed(found.problem, remedy, details)
    }
    const { protocol, hostname, port } = new URL(url)
    if (protocol !== 'https:') return skipped('not used: http://', details)
    const remedy = UNTRUSTED[kind]
    if (remedy !== undefined) {
      const address = `${hostname}:${port === '' ? 443 : port}`
      return failed(answered?.answer.message ?? '', remedy.replaceAll('ADDRESS', address), details)
    }
    if (kind in OUT_OF_REACH) return skipped('unknown without a connection', details)
    const says = isInsecure ? 'encrypted, but the certificate is not checked' : 'the certificate is trusted'
    return ok(says, details)
  })
}

/** `api`: it is Kuma's push API that answers, which does not know a token that nobody has. */
export function checkApi(context: DoctorContext): Promise<Finding[]> {
  return eachKuma(context, ({ kuma: { url }, details, probe: answered, kind }) => {
    if (answered === null || kind in UNTRUSTED || kind in OUT_OF_REACH)
      return skipped('unknown without a connection', details)
    if (kind === 'unknown-monitor') return ok("it is Kuma's push API", details)
    if (kind === 'accepted') {
      const says = `what answers at ${url} takes a token that nobody has: it is not Kuma`
      return failed(says, CORRECT_URL, details)
    }
    return failed(answered.answer.message, NOT_THE_API[kind] ?? CORRECT_URL, details)
  })
}

/** Beyond the seconds of a Date header and of a slow answer. */
const CLOCK_TOLERANCE_MS = 30_000

/** `clock`: this host and Kuma agree on the time, which messages name (`was down 12:03 to 12:07`). */
export function checkClock(context: DoctorContext): Promise<Finding[]> {
  return eachKuma(context, ({ kuma: { answeredAtMs, ms }, details, probe: answered }) => {
    const dateMs = answered?.dateMs ?? null
    if (dateMs === null) return skipped('unknown: no answer with a Date', details)
    const aheadMs = answeredAtMs - ms / 2 - dateMs
    if (Math.abs(aheadMs) < CLOCK_TOLERANCE_MS) return ok('agrees with that of Kuma', details)
    return failed(
      `this host is ${describeDuration(Math.abs(aheadMs) / 1000)} ${aheadMs > 0 ? 'ahead of' : 'behind'} the clock of Kuma`,
      'timedatectl set-ntp true, here or where Kuma runs',
      details,
    )
  })
}

/** For a token that Kuma does not know, or whose monitor is paused: its answer is the same. */
export const RESUME_OR_COPY =
  "press Resume on the monitor's page in Kuma if it is paused; else copy its Push URL into push_url of this [[monitor]]"

/** `token`: Kuma takes the heartbeats, which only a heartbeat can tell. */
export async function checkToken(context: DoctorContext): Promise<Finding[]> {
  const { loaded, flags, terminal, signal } = context
  if (loaded === null) return [skipped('needs a right configuration')]
  if (loaded.config.monitors.every(({ push }) => push === null)) return [skipped('no monitor has a token')]
  if (flags.push !== true) return [skipped('not tried: doctor --push sends one heartbeat for each monitor')]
  const kumas = await context.readings.kumas()
  if (kumas.some(({ found }) => found.kind === 'unusable')) return [skipped('not tried without certificates')]
  return (await pushAll(loaded.config, terminal.env, signal)).map(judgePushed)
}

function judgePushed({ monitor, verdict, answer, ms }: Pushed): Finding {
  const details = { of: monitor, ms }
  if (verdict === null || answer === null) return skipped('not tried: nothing can be said yet', details)
  if (answer.kind === 'accepted') return ok(`Kuma took: ${verdict.status} ${verdict.message}`, details)
  const remedy =
    answer.kind === 'unknown-monitor'
      ? RESUME_OR_COPY
      : 'mend what is told above, then: kuma-supervisor-push doctor --push'
  return failed(answer.message, remedy, details)
}
