import type { KumaConfig } from '../../config/config.ts'
import { realFiles } from '../../config/files.ts'
import { OTHER_VARIABLES } from '../../config/options.ts'
import { readSecretFile, secretsOf } from '../../config/secrets.ts'
import { supportOf, type KumaInventory } from '../../kuma/api/monitors.ts'
import { KumaSession, NOTHING_ENTERED, SessionError } from '../../kuma/api/session.ts'
import { openKumaClient } from '../../kuma/push.ts'
import { ConfigError } from '../../lib/errors.ts'
import { realClock } from '../../lib/clock.ts'
import { createMask } from '../../lib/secret.ts'
import type { OwnFlags } from '../options.ts'
import type { Progress, Terminal } from '../terminal.ts'

/** The parts of a login that were given; null for what must be asked for. */
export interface GivenLogin {
  readonly username: string | null
  readonly password: string | null
  /** Of the second factor. */
  readonly code: string | null
}

/**
 * Reads user, password and code from where they may stand.
 * @throws {ConfigError} where the password cannot be read
 */
export async function readLogin(
  { user, passwordFile, twoFactorCode }: OwnFlags,
  { env, printError }: Pick<Terminal, 'env' | 'printError'>,
): Promise<GivenLogin> {
  const known = { username: user ?? null, code: twoFactorCode ?? null }
  if (passwordFile === undefined) return { ...known, password: env[OTHER_VARIABLES.kumaPassword] || null }
  const reading = await readSecretFile(realFiles, passwordFile, env)
  if (reading.kind !== 'secret') throw new ConfigError([`--password-file: ${reading.cause}`])
  if (reading.exposure !== null) printError(`warning: ${reading.exposure}\n`)
  return { ...known, password: reading.secret }
}

/** Kuma, logged in to. */
export interface OpenKuma {
  readonly session: KumaSession
  readonly inventory: KumaInventory
  readonly hasConditions: boolean
  close(): Promise<void>
}

interface LoginOptions {
  readonly login: GivenLogin
  readonly terminal: Terminal
  /** Null where nothing is shown. */
  readonly progress: Progress | null
  /** Called with the password before it is sent. */
  readonly onPassword: (password: string) => void
  readonly signal: AbortSignal
}

/**
 * Connects, logs in for this once, and reads what Kuma has.
 * @throws {SessionError}
 * @throws {ConfigError} where a login is missing, and there is nobody to ask
 */
export async function openKuma(config: KumaConfig, options: LoginOptions): Promise<OpenKuma> {
  const { progress, signal } = options
  const mask = createMask(secretsOf({ kumas: [config], supervisors: [], monitors: [] }))
  const client = await openKumaClient(config, { clock: realClock, mask })
  let session: KumaSession | null = null
  const close = async (): Promise<void> => {
    session?.close()
    await client.close()
  }
  try {
    progress?.show(`connecting to ${config.url}`)
    session = await KumaSession.open(client, signal)
    await logIn(session, options)
    progress?.show('reading what Kuma has')
    const inventory = await session.inventory()
    const support = supportOf(inventory.version)
    if (support.kind === 'unknown') throw new SessionError('version', support.message)
    return { session, inventory, hasConditions: support.hasConditions, close }
  } catch (error) {
    await close()
    throw error
  } finally {
    progress?.clear()
  }
}

/** Kuma takes 20 logins a minute. */
const MAX_TRIES = 3

/** Asks again for a login that was typed when Kuma does not take it. */
async function logIn(session: KumaSession, options: LoginOptions): Promise<void> {
  const { login, terminal, progress } = options
  for (let tried = 1; ; tried += 1) {
    try {
      await tryToLogIn(session, options)
      return
    } catch (error) {
      const isRefused = error instanceof SessionError && error.failure === 'login'
      if (!isRefused || login.password !== null || tried === MAX_TRIES) throw error
      progress?.clear()
      terminal.printError(`${error.message}\n`)
    }
  }
}

async function tryToLogIn(session: KumaSession, options: LoginOptions): Promise<void> {
  const { login, terminal, progress, onPassword } = options
  const isGiven = login.username !== null && login.password !== null
  if (!isGiven && (await session.isOpen())) return
  progress?.clear()
  const username = login.username ?? (await askAtTerminal('User in Kuma: ', false, options))
  const password = login.password ?? (await askAtTerminal(`Password of ${username}: `, true, options))
  onPassword(password)
  progress?.show('logging in')
  // A code that Kuma did not ask for would be an error there.
  if ((await session.login({ username, password, code: '' })) === 'in') return
  progress?.clear()
  if (login.code === null && !terminal.isInteractive) {
    throw new SessionError(
      'login',
      'Kuma wants the code of the second factor too: give it by --two-factor-code',
    )
  }
  const given = login.code ?? (await askAtTerminal('Code of the second factor: ', false, options))
  // Apps show it in two halves.
  const code = given.replaceAll(/\s+/g, '')
  if (code === '') throw new SessionError('aborted', NOTHING_ENTERED)
  progress?.show('logging in')
  await session.login({ username, password, code })
}

/** @throws {SessionError} where the person gives up */
async function askAtTerminal(
  question: string,
  isSecret: boolean,
  { login, terminal }: LoginOptions,
): Promise<string> {
  if (!terminal.isInteractive) {
    const missing = [
      ...(login.username === null ? ['its user by --user'] : []),
      ...(login.password === null
        ? [`the password by --password-file or ${OTHER_VARIABLES.kumaPassword}`]
        : []),
    ]
    throw new ConfigError([
      `Kuma wants a login, and there is no terminal to ask at: give ${missing.join(' and ')}`,
    ])
  }
  const answer = await terminal.ask(question, isSecret)
  if (answer === null) throw new SessionError('aborted', NOTHING_ENTERED)
  return answer
}
