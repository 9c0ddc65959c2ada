import type { Config, MonitorConfig } from '../../config/config.ts'
import type { LoadedConfig } from '../../config/load.ts'
import { bestIntervalSeconds, checkInterval, rhythmOf, type Rhythm } from '../../config/timing.ts'
import type { KumaMonitor } from '../../kuma/api/monitors.ts'
import { SessionError } from '../../kuma/api/session.ts'
import { ConfigError } from '../../lib/errors.ts'
import type { OwnFlags } from '../options.ts'
import { hideSecrets, type DoctorContext } from './context.ts'
import { RESUME_OR_COPY } from './kuma.ts'
import { failed, ok, skipped, type Finding } from './report.ts'

/** `period`: the heartbeats go with the settings of the monitors in Kuma, read there with a login, else as the file has them. */
export async function checkPeriod(context: DoctorContext): Promise<Finding[]> {
  const { loaded, cronJob, flags } = context
  if (loaded === null) return [skipped('needs a right configuration')]
  const rhythm = cronJob?.rhythm ?? (await rhythmOf(loaded.config.agent))
  const [kuma] = loaded.config.kumas
  if (kuma === undefined || !hasLogin(flags)) return judgeFile(loaded, rhythm, cronJob !== null)
  const inKuma = await readMonitors(kuma, context)
  if (typeof inKuma === 'string')
    return [failed(inKuma, 'correct --user and the password, or leave them out')]
  return loaded.config.monitors
    .filter(({ push }) => push?.kuma === kuma.name)
    .flatMap((monitor) => judgeInKuma(monitor, inKuma, rhythm))
}

/** Returns whether a password may be asked for. */
export function hasLogin({ user, passwordFile }: OwnFlags): boolean {
  return user !== undefined || passwordFile !== undefined
}

/** Logs in to Kuma, and changes nothing there. Returns its monitors, or why it cannot be. */
async function readMonitors(
  kuma: Config['kumas'][number],
  context: DoctorContext,
): Promise<readonly KumaMonitor[] | string> {
  const { flags, terminal, signal } = context
  // Only a login needs the libraries of a session.
  const { openKuma, readLogin } = await import('../provision/login.ts')
  try {
    const opened = await openKuma(kuma, {
      login: await readLogin(flags, terminal),
      terminal,
      progress: null,
      onPassword: (password) => hideSecrets(context, password),
      signal,
    })
    await opened.close()
    return opened.inventory.monitors
  } catch (error) {
    if (error instanceof SessionError) return error.message
    if (error instanceof ConfigError) return error.problems.join('; ')
    throw error
  }
}

/** @param isCron the heartbeats come when cron runs `once`, whatever the file says of its own period */
export function judgeFile(
  { config: { monitors }, timing }: Pick<LoadedConfig, 'config' | 'timing'>,
  rhythm: Rhythm,
  isCron: boolean,
): Finding[] {
  const problems = isCron
    ? monitors.flatMap(({ name, kumaIntervalMs }) =>
        kumaIntervalMs === null
          ? []
          : (checkInterval(`kuma_interval of ${name}`, kumaIntervalMs, rhythm) ?? []),
      )
    : timing
  if (problems.length > 0) return problems.map(toFinding)
  if (monitors.every(({ kumaIntervalMs }) => kumaIntervalMs !== null))
    return [ok(`${rhythm.name} goes with Kuma's Heartbeat Interval`)]
  const best = bestIntervalSeconds(rhythm.everyMs)
  return [ok(`${rhythm.name} wants Heartbeat Interval ${best} in Kuma; doctor --user NAME asks Kuma`)]
}

export function judgeInKuma(
  { name, push }: Pick<MonitorConfig, 'name' | 'push'>,
  monitors: readonly KumaMonitor[],
  rhythm: Rhythm,
): Finding[] {
  const of = name
  const found = monitors.find(({ pushToken }) => pushToken === push?.token)
  if (found === undefined)
    return [failed('no monitor of this user in Kuma has its token', RESUME_OR_COPY, { of })]
  const interval = { ...judgeInterval(found, rhythm), of }
  const bad = [...judgeSettings(found).map((finding) => ({ ...finding, of })), interval].filter(
    ({ result }) => result === 'failed',
  )
  return bad.length > 0 ? bad : [interval]
}

function judgeSettings({ isActive, retries, resendInterval, isUpsideDown }: KumaMonitor): Finding[] {
  const findings: Finding[] = []
  if (!isActive) findings.push(failed('paused in Kuma', "press Resume on the monitor's page in Kuma"))
  if (isUpsideDown) {
    findings.push(failed('Upside Down is on: UP alarms, DOWN does not', 'switch Upside Down off in Kuma'))
  }
  if (retries > 0) {
    const says = `Retries ${retries}: alerts come late, and with other words than ours`
    findings.push(failed(says, 'set Retries 0 in Kuma'))
  }
  if (resendInterval > 0) {
    const says = `Resend ${resendInterval}: Kuma's own looks count too`
    findings.push(failed(says, 'set Resend Notification 0 in Kuma'))
  }
  return findings
}

function judgeInterval({ intervalSeconds }: KumaMonitor, rhythm: Rhythm): Finding {
  const problem = checkInterval("Kuma's Heartbeat Interval", intervalSeconds * 1000, rhythm)
  if (problem !== null) return toFinding(problem)
  const best = bestIntervalSeconds(rhythm.everyMs)
  // As after a move from cron to the service.
  const sooner = intervalSeconds > 2 * best ? `; ${best} would tell of a dead host sooner` : ''
  return ok(`${rhythm.name} goes with Kuma's Heartbeat Interval ${intervalSeconds}${sooner}`)
}

/** Takes a problem of the timing apart: first what is wrong, then what to do. */
function toFinding(problem: string): Finding {
  const [says = '', ...remedy] = problem.split('; ')
  return failed(says, remedy.join('; '))
}
