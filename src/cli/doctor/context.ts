import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { UnitReader, type UnitReading } from '../../collect/systemd/units.ts'
import type { SupervisorConfig } from '../../config/config.ts'
import { loadConfig, type LoadedConfig } from '../../config/load.ts'
import type { SharedFlags } from '../../config/options.ts'
import { ConfigError } from '../../lib/errors.ts'
import { realClock } from '../../lib/clock.ts'
import { createMask } from '../../lib/secret.ts'
import { CRON_FILE, readCronJob, type CronJob } from '../cron-job.ts'
import type { OwnFlags } from '../options.ts'
import type { Terminal } from '../terminal.ts'
import { probeKumas, type KumaProbe } from './kuma.ts'
import { readJournal, type JournalLine } from './service.ts'
import { probeSupervisor, type SupervisorProbe } from './supervisor.ts'

const SERVICE_USER = 'kuma-supervisor-push'
const UNIT_TIMEOUT_MS = 5_000

/** The files of the host that a test replaces. */
export interface HostFiles {
  readonly cron: string
  readonly users: string
}

export const HOST_FILES: HostFiles = { cron: CRON_FILE, users: '/etc/passwd' }

export interface Timed<T> {
  readonly value: T
  readonly ms: number
}

/** Everything that is known before the first check. */
interface Facts {
  readonly flags: SharedFlags & OwnFlags
  readonly terminal: Terminal
  readonly signal: AbortSignal
  readonly user: { readonly name: string; readonly isRoot: boolean }
  /** The user of the installed service; null where it is not installed. */
  readonly serviceUser: string | null
  /** The cron job of a host that was installed so; else null. */
  readonly cronJob: CronJob | null
  /** One line for each thing that is wrong with the configuration. */
  readonly problems: readonly string[]
  /** Null when it is so wrong that nothing can be checked; a missing token alone is not. */
  readonly loaded: LoadedConfig | null
}

export interface DoctorContext extends Facts {
  readonly readings: Readings
}

export async function openContext(
  flags: SharedFlags & OwnFlags,
  terminal: Terminal,
  signal: AbortSignal,
  files: HostFiles,
): Promise<DoctorContext> {
  const facts: Facts = {
    flags,
    terminal,
    signal,
    user: { name: userName(), isRoot: process.getuid?.() === 0 },
    serviceUser: await findServiceUser(files.users),
    cronJob: await readCronJob(files.cron),
    ...(await tryToLoad(flags, terminal.env)),
  }
  hideSecrets(facts)
  return { ...facts, readings: new Readings(facts) }
}

/** Hides the secrets of the configuration and of the command line in whatever is printed, and a password that was typed. */
export function hideSecrets({ loaded, flags, terminal }: Facts, password = ''): void {
  const { tokens = [], passwords = [] } = loaded?.secrets ?? {}
  terminal.hide(createMask({ tokens, passwords: [...passwords, flags.twoFactorCode ?? '', password] }))
}

/** The readings that several checks share; each is taken once, by the first check that needs it. */
class Readings {
  readonly #facts: Facts
  readonly #unitReader: UnitReader
  readonly #units = new Map<string, Promise<Timed<UnitReading>>>()
  readonly #supervisors = new Map<SupervisorConfig, Promise<SupervisorProbe>>()
  #kumas: Promise<readonly KumaProbe[]> | null = null
  #journal: Promise<readonly JournalLine[] | null> | null = null

  constructor(facts: Facts) {
    this.#facts = facts
    this.#unitReader = new UnitReader(facts.terminal.env['DBUS_SYSTEM_BUS_ADDRESS'] ?? null, realClock)
  }

  close(): void {
    this.#unitReader.close()
  }

  unit(name: string): Promise<Timed<UnitReading>> {
    const reading = this.#units.get(name) ?? this.#readUnit(name)
    this.#units.set(name, reading)
    return reading
  }

  async #readUnit(name: string): Promise<Timed<UnitReading>> {
    const startedMs = realClock.now()
    const options = { signal: this.#facts.signal, timeoutMs: UNIT_TIMEOUT_MS }
    const value = await this.#unitReader.read(name, options)
    return { value, ms: realClock.now() - startedMs }
  }

  supervisor(config: SupervisorConfig): Promise<SupervisorProbe> {
    const { terminal, signal } = this.#facts
    const probe = this.#supervisors.get(config) ?? probeSupervisor(config, terminal.env, signal)
    this.#supervisors.set(config, probe)
    return probe
  }

  /** One for each address that heartbeats go to. */
  kumas(): Promise<readonly KumaProbe[]> {
    const { loaded, signal } = this.#facts
    this.#kumas ??= loaded === null ? Promise.resolve([]) : probeKumas(loaded.config, signal)
    return this.#kumas
  }

  /** The last lines of the service, or of the runs of cron; null where they cannot be read. */
  journal(): Promise<readonly JournalLine[] | null> {
    const { terminal, cronJob } = this.#facts
    this.#journal ??= readJournal(terminal.env, cronJob === null)
    return this.#journal
  }

  /** Returns whether the service's user lacks a right to a file that this user has; only root can ask. */
  async isServiceBarred(right: '-r' | '-w', path: string): Promise<boolean> {
    const { serviceUser, user } = this.#facts
    return serviceUser !== null && user.isRoot && !(await mayUser(serviceUser, right, path))
  }
}

/** Loads a configuration that lacks a token too: it is still good for everything but Kuma. */
async function tryToLoad(
  flags: SharedFlags,
  env: Terminal['env'],
): Promise<Pick<Facts, 'loaded' | 'problems'>> {
  const request = { env, home: env['HOME'] ?? '' }
  try {
    return { loaded: await loadConfig({ ...request, flags }), problems: [] }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const { problems } = error
    try {
      return { loaded: await loadConfig({ ...request, flags: { ...flags, dryRun: true } }), problems }
    } catch (again) {
      if (!(again instanceof ConfigError)) throw again
      return { loaded: null, problems }
    }
  }
}

function userName(): string {
  try {
    return userInfo().username
  } catch {
    // In a container a user may have a number only.
    return String(process.getuid?.() ?? '?')
  }
}

async function findServiceUser(file: string): Promise<string | null> {
  const users = await readFile(file, 'utf8').catch(() => '')
  return users.split('\n').some((line) => line.startsWith(`${SERVICE_USER}:`)) ? SERVICE_USER : null
}

/** Returns whether another user may read (`-r`) or write (`-w`) a file, as the kernel decides it. */
export function mayUser(user: string, right: '-r' | '-w', path: string): Promise<boolean> {
  const as = ['--reuid', user, '--regid', user, '--init-groups']
  return new Promise((resolve) => {
    execFile('setpriv', [...as, 'test', right, path], { timeout: 5_000 }, (error) => resolve(error === null))
  })
}
