import type { KumaConfig } from '../../config/config.ts'
import { parseKumaUrl } from '../../config/urls.ts'
import { DEFAULT_FILE } from '../../config/load.ts'
import type { LoadedConfig } from '../../config/load.ts'
import { OPTIONS, type OptionName, type SharedFlags } from '../../config/options.ts'
import { createProblems } from '../../config/problems.ts'
import { quote } from '../../lib/quote.ts'
import { readEnvironment } from '../../config/read-options.ts'
import { rhythmOf, safeIntervalSeconds } from '../../config/timing.ts'
import type { Secrets } from '../../config/secrets.ts'
import { ConfigError } from '../../lib/errors.ts'
import { NOTHING_ENTERED, SessionError } from '../../kuma/provisioning/session-error.ts'
import type { ProcessInfo } from '../../collect/supervisor/process-info.ts'
import { load } from '../load.ts'
import type { Terminal } from '../terminal.ts'
import type { OwnFlags } from '../options.ts'
import { CRON_FILE, readCronJob, type CronJob } from '../cron-job.ts'
import { askForUrl } from './ask-for-url.ts'
import { openFile, type OpenFile } from './open-file.ts'
import { readLogin, type GivenLogin } from './read-login.ts'
import { readPrograms } from './read-programs.ts'

/** Everything that is known before Kuma is asked. */
export interface Prepared {
  readonly file: OpenFile
  readonly loaded: LoadedConfig
  readonly kuma: KumaConfig
  readonly secrets: Secrets
  readonly login: GivenLogin
  readonly programs: readonly ProcessInfo[]
  readonly intervalSeconds: number
  /** That cron pushes; null where it does not, or options say otherwise. */
  readonly cron: CronJob | null
  readonly dryRun: boolean
  /** The options that the configuration has to stand without. */
  readonly flags: SharedFlags
}

/** The first over supervisord, which is not read without. */
const ONE_MONITOR = '\n[[monitor]]\nname = "the one to come"\n'
/** Kuma takes no longer one. */
const LONGEST_INTERVAL_SECONDS = 24 * 24 * 3600

/**
 * Loads the configuration and asks supervisord; null after telling why it cannot go on.
 * @throws {ConfigError}
 */
export async function prepare(
  given: SharedFlags & OwnFlags,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<Prepared | null> {
  const { env, printError, isInteractive } = terminal
  refuseMonitorOptions(given, env)
  const inEnv = readEnvironment(env, (path) => path, createProblems())
  const dryRun = given.dryRun ?? inEnv.dryRun?.value ?? false
  const login = await readLogin(given, terminal)
  const file = await openFile(given, env, !dryRun)
  const isUrlKnown = (given.kumaUrl ?? inEnv.kumaUrl?.value ?? file.kumaUrl ?? null) !== null
  const asked = isUrlKnown || !isInteractive ? undefined : await askForUrl(terminal)
  if (asked === null) throw new SessionError('aborted', NOTHING_ENTERED)
  const flags: SharedFlags = { ...given, config: file.path, ...(asked !== undefined && { kumaUrl: asked }) }

  const cron = await cronJobOf(file, given)
  const text = file.hasUnitsOnly ? `${file.text}${ONE_MONITOR}` : file.text
  const { loaded } = await load({ ...flags, dryRun: true }, terminal, file.filesWith(text))
  const { config, secrets } = loaded
  const [kuma] = config.kumas
  const [supervisor] = config.supervisors
  if (kuma === undefined || config.kumas.length > 1) {
    throw new ConfigError([
      `${file.path}: provision sets up one [kuma], and there are ${config.kumas.length}`,
    ])
  }
  if (supervisor === undefined || config.supervisors.length > 1) {
    throw new ConfigError([
      `${file.path}: provision sets up the monitors of one [[supervisor]], and there are ${config.supervisors.length}`,
    ])
  }
  refuseOtherUrl(file, kuma)
  const { everyMs, name } = cron?.rhythm ?? (await rhythmOf(config.agent))
  const intervalSeconds = safeIntervalSeconds(everyMs)
  if (intervalSeconds > LONGEST_INTERVAL_SECONDS) {
    throw new ConfigError([
      `${name} wants a Heartbeat Interval of ${intervalSeconds} s, and Kuma takes no more than ${LONGEST_INTERVAL_SECONDS}`,
    ])
  }
  const reading = await readPrograms(supervisor, env, signal)
  if (reading.kind === 'failed') {
    printError(
      `error: the programs of supervisord cannot be read: ${reading.why}; kuma-supervisor-push doctor says what mends it\n`,
    )
    return null
  }
  const { programs } = reading
  return { file, loaded, kuma, secrets, login, programs, intervalSeconds, cron, dryRun, flags }
}

async function cronJobOf({ path }: OpenFile, { schedule, pushEvery }: SharedFlags): Promise<CronJob | null> {
  if (path !== DEFAULT_FILE || schedule !== undefined || pushEvery !== undefined) return null
  return readCronJob(CRON_FILE)
}

/** They describe the one monitor of a run without a file. */
function refuseMonitorOptions(flags: SharedFlags, env: Terminal['env']): void {
  const names: readonly OptionName[] = ['token', 'tokenFile', 'pushUrl', 'programs']
  const wrong = names.flatMap((name) => [
    ...(flags[name] === undefined ? [] : [OPTIONS[name].flag]),
    ...((env[OPTIONS[name].env] ?? '').trim() === '' ? [] : [OPTIONS[name].env]),
  ])
  if (wrong.length > 0) {
    throw new ConfigError(
      wrong.map((one) => `${one}: has no use for provision, which makes monitors and tokens`),
    )
  }
}

/** What stands in the file already goes to another Kuma then. */
function refuseOtherUrl({ path, kumaUrl }: OpenFile, { url }: KumaConfig): void {
  const parsed = kumaUrl === null ? null : parseKumaUrl(kumaUrl)
  if (parsed === null || !('value' in parsed) || parsed.value === url) return
  throw new ConfigError([
    `--kuma-url: is ${quote(url)}, and ${path} says url = ${quote(parsed.value)} under [kuma]: change it there, or leave the option out`,
  ])
}
