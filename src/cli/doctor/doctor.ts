import { readFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { peekState } from '../../agent/peek-state.ts'
import { loadConfig, type LoadedConfig } from '../../config/load.ts'
import type { SharedFlags } from '../../config/options.ts'
import { ConfigError, EXIT, type ExitCode } from '../../lib/errors.ts'
import { createMask } from '../../lib/secret.ts'
import { CHECKS } from './checks.ts'
import { examineKumas, type KumaExam } from './examine-kumas.ts'
import { examineSupervisor } from './examine-supervisor.ts'
import type { Patient } from './patient.ts'
import { pushAll } from '../../agent/push-all.ts'
import { CRON_FILE, readCronJob } from '../cron-job.ts'
import { readJournal } from './read-journal.ts'
import { describeAsJson, describeEnd, describeLine, type Line } from './report.ts'
import type { OwnFlags } from '../options.ts'
import type { Terminal } from '../terminal.ts'
import { memoize } from '../../lib/memoize.ts'
import { readBootId } from '../../lib/read-boot-id.ts'
import { realClock } from '../../lib/real-clock.ts'
import { styleOf } from '../screen.ts'
import { askAgent, type AgentAnswer } from '../status/status.ts'
import { waitVisibly } from '../terminal.ts'

const SERVICE_USER = 'kuma-supervisor-push'
const UNIT_TIMEOUT_MS = 5_000

const wallNow = (): number => Date.now()

/** `doctor`: tries every leg of the way and says what to do about each that is broken. */
export async function doctor(
  flags: SharedFlags & OwnFlags,
  terminal: Terminal,
  stop: AbortSignal,
): Promise<ExitCode> {
  const { json = false, push = false } = flags
  const style = styleOf(terminal)
  const lines: Line[] = []
  const { patient, close } = await admit(flags, terminal, { mayPush: push, stop })
  try {
    for (const { name, examine } of CHECKS) {
      const startedMs = realClock.now()
      // Here a password may be asked for.
      const isQuiet = json || (name === 'period' && hasLogin(flags))
      const examining = examine(patient)
      const findings = await (isQuiet ? examining : waitVisibly(`checking ${name}`, examining, terminal))
      const ms = realClock.now() - startedMs
      const found = findings.map((finding): Line => ({ check: name, ...finding, ms: finding.ms ?? ms }))
      lines.push(...found)
      if (!json)
        for (const line of found) terminal.print(describeLine(line, terminal.screenSize().columns, style))
    }
  } finally {
    close()
  }
  terminal.print(json ? describeAsJson(lines) : describeEnd(lines, style))
  return lines.some(({ result }) => result === 'failed') ? EXIT.unwell : EXIT.ok
}

function hasLogin({ user, passwordFile }: OwnFlags): boolean {
  return user !== undefined || passwordFile !== undefined
}

async function admit(
  flags: SharedFlags & OwnFlags,
  terminal: Terminal,
  { mayPush, stop }: { mayPush: boolean; stop: AbortSignal },
): Promise<{ patient: Patient; close: () => void }> {
  const { env, hide } = terminal
  const { loaded, problems } = await tryToLoad(flags, terminal)
  const conceal = (passwords: readonly string[]): void => {
    const { tokens = [], passwords: known = [] } = loaded?.secrets ?? {}
    hide(createMask({ tokens, passwords: [...known, ...passwords] }))
  }
  conceal([flags.twoFactorCode ?? ''])
  const { createUnitReader } = await import('../../collect/systemd/unit-reader.ts')
  const reader = createUnitReader({
    address: env['DBUS_SYSTEM_BUS_ADDRESS'] ?? null,
    hrtime: () => process.hrtime.bigint(),
    sleep: (ms) => realClock.sleep(ms, stop),
  })
  let kumas: Promise<readonly KumaExam[]> | null = null
  let answer: Promise<AgentAnswer> | null = null
  const patient: Patient = {
    nodeVersion: process.versions.node,
    user: { name: userName(), isRoot: process.getuid?.() === 0 },
    serviceUser: await findServiceUser(),
    problems,
    loaded,
    mayPush,
    readUnit: memoize(async (unit: string) => {
      const startedMs = realClock.now()
      const value = await reader.read(unit, { signal: stop, timeoutMs: UNIT_TIMEOUT_MS })
      return { value, ms: realClock.now() - startedMs }
    }),
    examineSupervisor: memoize((config) => examineSupervisor(config, env, stop)),
    examineKumas: () => {
      kumas ??= loaded === null ? Promise.resolve([]) : examineKumas(loaded.config, wallNow, stop)
      return kumas
    },
    askAgent: () => (answer ??= askAgent(flags, env, stop)),
    cronJob: () => readCronJob(CRON_FILE),
    recall: async () =>
      loaded === null ? new Map() : peekState(loaded.config.agent.stateFile, await readBootId()),
    journal: async () => readJournal(env, (await readCronJob(CRON_FILE)) === null),
    askKuma: async () => {
      if (loaded === null || !hasLogin(flags)) return null
      // It comes with all that a session with Kuma's page needs.
      const { askKuma } = await import('./ask-kuma.ts')
      return askKuma(loaded.config, flags, terminal, (password) => conceal([password]), stop)
    },
    wallNow,
    pushAll: async () => (loaded === null ? [] : pushAll(loaded.config, env, stop)),
  }
  return { patient, close: () => reader.close() }
}

/** A configuration that lacks nothing but a token is still good for everything but Kuma. */
async function tryToLoad(
  flags: SharedFlags,
  { env }: Terminal,
): Promise<{ loaded: LoadedConfig | null; problems: readonly string[] }> {
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

async function findServiceUser(): Promise<string | null> {
  const users = await readFile('/etc/passwd', 'utf8').catch(() => '')
  return users.split('\n').some((line) => line.startsWith(`${SERVICE_USER}:`)) ? SERVICE_USER : null
}
