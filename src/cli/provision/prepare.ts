import { readFile } from 'node:fs/promises'
import { parse, TomlError } from 'smol-toml'
import { SupervisorClient } from '../../collect/supervisor/client.ts'
import type { ProcessInfo } from '../../collect/supervisor/process-info.ts'
import type { KumaConfig, SupervisorConfig } from '../../config/config.ts'
import { readTextFile, realFiles, whyNotReplaceable, type FileSource } from '../../config/files.ts'
import { Problems } from '../../config/given.ts'
import { DEFAULT_FILE, type LoadedConfig } from '../../config/load.ts'
import { OPTIONS, readEnvironment, type OptionName, type SharedFlags } from '../../config/options.ts'
import { rhythmOf, safeIntervalSeconds } from '../../config/timing.ts'
import { isTable } from '../../config/toml.ts'
import { DEFAULT_KUMA_URL, parseKumaUrl } from '../../config/urls.ts'
import { NOTHING_ENTERED, SessionError } from '../../kuma/api/session.ts'
import { ConfigError } from '../../lib/errors.ts'
import { quote } from '../../lib/quote.ts'
import { realClock } from '../../lib/clock.ts'
import { CRON_FILE, readCronJob, type CronJob } from '../cron-job.ts'
import { load } from '../load.ts'
import type { OwnFlags } from '../options.ts'
import type { Terminal } from '../terminal.ts'
import { readLogin, type GivenLogin } from './login.ts'

/** Everything that is known before Kuma is asked. */
export interface Prepared {
  readonly file: ConfigFile
  readonly loaded: LoadedConfig
  readonly kuma: KumaConfig
  readonly login: GivenLogin
  readonly programs: readonly ProcessInfo[]
  readonly intervalSeconds: number
  /** The cron job that pushes; null where none does, or options say otherwise. */
  readonly cron: CronJob | null
  readonly dryRun: boolean
  /** The options that the configuration has to stand without. */
  readonly flags: SharedFlags
}

/** The first over supervisord, which is not read without. */
const ONE_MONITOR = '\n[[monitor]]\nname = "the one to come"\n'
/** Kuma takes no longer one. */
const MAX_INTERVAL_SECONDS = 24 * 24 * 3600

/**
 * Loads the configuration and asks supervisord. Returns null after printing why supervisord's programs cannot be read.
 * @throws {ConfigError}
 */
export async function prepare(
  given: SharedFlags & OwnFlags,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<Prepared | null> {
  const { env, printError, isInteractive } = terminal
  refuseMonitorOptions(given, env)
  const inEnv = readEnvironment(env, '', new Problems())
  const dryRun = given.dryRun ?? inEnv.dryRun?.value ?? false
  const login = await readLogin(given, terminal)
  const file = await openFile(given, env, !dryRun)
  const isUrlKnown = (given.kumaUrl ?? inEnv.kumaUrl?.value ?? file.kumaUrl ?? null) !== null
  const asked = isUrlKnown || !isInteractive ? {} : { kumaUrl: await askForUrl(terminal) }
  const flags: SharedFlags = { ...given, ...asked, config: file.path }

  const cron = await cronJobOf(file, given)
  const text = file.hasUnitsOnly ? `${file.text}${ONE_MONITOR}` : file.text
  const { loaded } = await load({ ...flags, dryRun: true }, terminal, file.filesWith(text))
  const { kumas, supervisors, agent } = loaded.config
  const kuma = only(kumas, `${file.path}: provision sets up one [kuma]`)
  const supervisor = only(supervisors, `${file.path}: provision sets up the monitors of one [[supervisor]]`)
  refuseOtherUrl(file, kuma)
  const { everyMs, name } = cron?.rhythm ?? (await rhythmOf(agent))
  const intervalSeconds = safeIntervalSeconds(everyMs)
  if (intervalSeconds > MAX_INTERVAL_SECONDS) {
    throw new ConfigError([
      `${name} wants a Heartbeat Interval of ${intervalSeconds} s, and Kuma takes no more than ${MAX_INTERVAL_SECONDS}`,
    ])
  }
  const programs = await readPrograms(supervisor, env, signal)
  if (typeof programs === 'string') {
    printError(
      `error: the programs of supervisord cannot be read: ${programs}; kuma-supervisor-push doctor says what mends it\n`,
    )
    return null
  }
  return { file, loaded, kuma, login, programs, intervalSeconds, cron, dryRun, flags }
}

function only<T>(all: readonly T[], says: string): T {
  const [one] = all
  if (one === undefined || all.length > 1) throw new ConfigError([`${says}, and there are ${all.length}`])
  return one
}

async function cronJobOf(
  { path }: ConfigFile,
  { schedule, pushEvery }: SharedFlags,
): Promise<CronJob | null> {
  if (path !== DEFAULT_FILE || schedule !== undefined || pushEvery !== undefined) return null
  return readCronJob(CRON_FILE)
}

/** Refuses the options that describe the one monitor of a run without a file. */
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

/** Refuses another Kuma than that of the file: the monitors that it has would go there, too. */
function refuseOtherUrl({ path, kumaUrl }: ConfigFile, { url }: KumaConfig): void {
  const parsed = kumaUrl === null ? null : parseKumaUrl(kumaUrl)
  if (parsed === null || !('value' in parsed) || parsed.value === url) return
  throw new ConfigError([
    `--kuma-url: is ${quote(url)}, and ${path} says url = ${quote(parsed.value)} under [kuma]: change it there, or leave the option out`,
  ])
}

/**
 * Asks where Kuma is until the answer is a URL.
 * @throws {SessionError} when the person gives up
 */
async function askForUrl({ ask, printError }: Terminal): Promise<string> {
  for (;;) {
    const answer = await ask(`Uptime Kuma's URL [${DEFAULT_KUMA_URL}]: `, false)
    if (answer === null) throw new SessionError('aborted', NOTHING_ENTERED)
    if (answer.trim() === '') return DEFAULT_KUMA_URL
    const parsed = parseKumaUrl(answer)
    if ('value' in parsed) return parsed.value
    printError(`It ${parsed.wrong}\n`)
  }
}

/** The configuration file that is to be written, as it is now. */
export interface ConfigFile {
  readonly path: string
  /** Empty where there is no file yet. */
  readonly text: string
  /** `kuma.url` of the file; null where it has none. */
  readonly kumaUrl: string | null
  /** How many [[monitor]] it has. */
  readonly monitorCount: number
  /** All of them are about plain units, so that no supervisord is read. */
  readonly hasUnitsOnly: boolean
  /** The files of this host, with another text in the place of this one. */
  readonly filesWith: (text: string) => FileSource
}

const MAX_BYTES = 1024 * 1024

/** @throws {ConfigError} where it cannot be read, or not be written */
async function openFile(flags: SharedFlags, env: Terminal['env'], mayWrite: boolean): Promise<ConfigFile> {
  const home = env['HOME'] ?? ''
  const named = flags.config ?? (env[OPTIONS.config.env]?.trim() || DEFAULT_FILE)
  const path = named.startsWith('~/') && home !== '' ? `${home}${named.slice(1)}` : named
  const reading = await readTextFile(realFiles, path, MAX_BYTES)
  if (reading.kind === 'failed' && reading.code !== 'ENOENT')
    throw new ConfigError([`${path} ${reading.cause}`])
  const why = mayWrite ? await whyNotReplaceable(path) : null
  if (why !== null) throw new ConfigError([`${path} ${why}; nothing was changed`])
  const text = reading.kind === 'text' ? reading.text : ''
  const about = reading.kind === 'text' ? reading.file : { mode: 0o600, uid: 0, gid: 0, mark: '' }
  return {
    path,
    text,
    ...outline(text),
    filesWith: (other) => ({
      ...realFiles,
      read: (file, maxBytes) =>
        file === path
          ? Promise.resolve({ ...about, bytes: Buffer.from(other) })
          : realFiles.read(file, maxBytes),
    }),
  }
}

/** Of a file that is no TOML, which the loader refuses later, nothing is known. */
function outline(text: string): Pick<ConfigFile, 'kumaUrl' | 'monitorCount' | 'hasUnitsOnly'> {
  let tables: Readonly<Record<string, unknown>> = {}
  try {
    tables = parse(text)
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
  }
  const { kuma, monitor } = tables
  const [first] = [kuma].flat()
  const url = isTable(first) ? first['url'] : null
  const monitors: readonly unknown[] = Array.isArray(monitor) ? monitor : []
  return {
    kumaUrl: typeof url === 'string' ? url : null,
    monitorCount: monitors.length,
    hasUnitsOnly: monitors.length > 0 && monitors.every((one) => isTable(one) && 'unit' in one),
  }
}

/**
 * Asks supervisord for its programs, the agent as its event listener left out; one that is not to be asked has none.
 * Returns a line that says why they cannot be read.
 */
async function readPrograms(
  config: SupervisorConfig,
  env: Terminal['env'],
  signal: AbortSignal,
): Promise<readonly ProcessInfo[] | string> {
  const client = new SupervisorClient({ ...config, discovery: { env }, clock: realClock })
  try {
    const reading = await client.read(signal)
    if (reading.kind === 'not-asked') return []
    if (reading.kind === 'failed') return reading.failure.detail
    const { processes } = reading.state
    const isOwn = await Promise.all(processes.map(({ pid }) => isOwnListener(pid)))
    return processes.filter((_, index) => isOwn[index] !== true)
  } finally {
    await client.close()
  }
}

/** `listen` never counts itself, so that a monitor over it alone would find no program. supervisord does not tell which is one. */
async function isOwnListener(pid: number): Promise<boolean> {
  const line = pid === 0 ? '' : await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
  const words = line.split('\0')
  return words.includes('listen') && words.some((word) => word.includes('kuma-supervisor-push'))
}
