import type { MonitorConfig } from '../../config/config.ts'
import { bestIntervalSeconds, checkInterval, rhythmOf, type Rhythm } from '../../config/timing.ts'
import type { KumaMonitor } from '../../kuma/provisioning/kuma-inventory.ts'
import { failed, ok, skipped, type Finding } from './check.ts'
import { RESUME_OR_COPY } from './check-token.ts'
import type { Patient } from './patient.ts'

/** Whether the heartbeats go with what the monitors are set to in Kuma: asked there with a login, else as far as the file tells. */
export async function checkPeriod({
  loaded,
  askKuma,
  cronJob,
}: Pick<Patient, 'loaded' | 'askKuma' | 'cronJob'>): Promise<Finding[]> {
  if (loaded === null) return [skipped('needs a right configuration')]
  const { config } = loaded
  const cron = await cronJob()
  const rhythm = cron?.rhythm ?? (await rhythmOf(config.agent))
  const inKuma = await askKuma()
  if (inKuma?.kind === 'failed')
    return [failed(inKuma.says, 'correct --user and the password, or leave them out')]
  if (inKuma !== null) {
    return config.monitors.flatMap((monitor) => judgeMonitor(monitor, inKuma.monitors, inKuma.kuma, rhythm))
  }
  const timing = cron === null ? loaded.timing : judgeFile(config.monitors, rhythm)
  if (timing.length > 0) return timing.map(asFinding)
  return config.monitors.every(({ kumaIntervalMs }) => kumaIntervalMs !== null)
    ? [ok(`${rhythm.name} goes with Kuma's Heartbeat Interval`)]
    : [
        ok(
          `${rhythm.name} wants Heartbeat Interval ${bestIntervalSeconds(rhythm.everyMs)} in Kuma; doctor --user NAME asks Kuma`,
        ),
      ]
}

/** The heartbeats of the file's monitors come when cron runs `once`, whatever the file says of its own period. */
function judgeFile(monitors: readonly MonitorConfig[], rhythm: Rhythm): string[] {
  return monitors.flatMap(({ name, kumaIntervalMs }) =>
    kumaIntervalMs === null ? [] : (checkInterval(`kuma_interval of ${name}`, kumaIntervalMs, rhythm) ?? []),
  )
}

/** Those of the Kuma that was asked. */
function judgeMonitor(
  { name, push }: MonitorConfig,
  monitors: readonly KumaMonitor[],
  kuma: string,
  rhythm: Rhythm,
): Finding[] {
  if (push?.kuma !== kuma) return []
  const found = monitors.find(({ pushToken }) => pushToken === push.token)
  if (found === undefined)
    return [failed('no monitor of this user in Kuma has its token', RESUME_OR_COPY, { of: name })]
  const findings = [...judgeSettings(found), judgeInterval(found, rhythm)].map((one) => ({
    ...one,
    of: name,
  }))
  const bad = findings.filter(({ result }) => result === 'failed')
  return bad.length > 0 ? bad : findings
}

function judgeSettings({ isActive, retries, resendInterval, isUpsideDown }: KumaMonitor): Finding[] {
  return [
    ...(isActive ? [] : [failed('paused in Kuma', "press Resume on the monitor's page in Kuma")]),
    ...(isUpsideDown
      ? [failed('Upside Down is on: UP alarms, DOWN does not', 'switch Upside Down off in Kuma')]
      : []),
    ...(retries > 0
      ? [
          failed(
            `Retries ${retries}: alerts come late, and with other words than ours`,
            'set Retries 0 in Kuma',
          ),
        ]
      : []),
    ...(resendInterval > 0
      ? [failed(`Resend ${resendInterval}: Kuma's own looks count too`, 'set Resend Notification 0 in Kuma')]
      : []),
  ]
}

function judgeInterval({ intervalSeconds }: KumaMonitor, rhythm: Rhythm): Finding {
  const trouble = checkInterval("Kuma's Heartbeat Interval", intervalSeconds * 1000, rhythm)
  if (trouble !== null) return asFinding(trouble)
  const best = bestIntervalSeconds(rhythm.everyMs)
  // As after a move from cron to the service.
  const sooner = intervalSeconds > 2 * best ? `; ${best} would tell of a dead host sooner` : ''
  return ok(`${rhythm.name} goes with Kuma's Heartbeat Interval ${intervalSeconds}${sooner}`)
}

/** What it says, and after it what to do. */
function asFinding(line: string): Finding {
  const [says = '', ...remedy] = line.split('; ')
  return failed(says, remedy.join('; '))
}
