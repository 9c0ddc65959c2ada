import type { KumaConfig } from '../../config/config.ts'
import type { KumaInventory } from '../../kuma/provisioning/kuma-inventory.ts'
import { openKumaSession, type KumaSession } from '../../kuma/provisioning/kuma-session.ts'
import { supportOf } from '../../kuma/provisioning/kuma-version.ts'
import { NOTHING_ENTERED, SessionError } from '../../kuma/provisioning/session-error.ts'
import type { Terminal } from '../terminal.ts'
import { openKumas } from '../../agent/open-kumas.ts'
import { realClock } from '../../lib/real-clock.ts'
import type { Progress } from '../terminal.ts'
import { completeLogin, type GivenLogin } from './read-login.ts'

/** Kuma, logged in to. */
export interface OpenKuma {
  readonly session: KumaSession
  readonly inventory: KumaInventory
  readonly hasConditions: boolean
  close(): Promise<void>
}

interface Entrance {
  readonly kuma: KumaConfig
  readonly login: GivenLogin
  /** Of the second factor, where it was given. */
  readonly code: string | null
  readonly terminal: Terminal
  /** Null where nothing is shown. */
  readonly progress: Progress | null
  /** Called with the password before it is sent. */
  readonly onPassword: (password: string) => void
  readonly signal: AbortSignal
}

/**
 * Connects, logs in for this once, and hears what Kuma has.
 * @throws {SessionError}
 * @throws {ConfigError} where a login is missing
 */
export async function enterKuma(entrance: Entrance): Promise<OpenKuma> {
  const { kuma, progress, signal } = entrance
  const connections = await openKumas([kuma], () => realClock.now())
  const close = async (session?: KumaSession): Promise<void> => {
    session?.close()
    await Promise.all([...connections.values()].map((connection) => connection.close()))
  }
  let session: KumaSession | undefined
  try {
    const connection = connections.get(kuma.name)
    if (connection === undefined) throw new Error(`no connection to ${kuma.name}`)
    progress?.show(`connecting to ${kuma.url}`)
    session = await openKumaSession({
      url: kuma.url,
      ...(await connection.open(kuma.proxy)),
      proxyOrigin: kuma.proxy === null ? null : new URL(kuma.proxy).origin,
      signal,
    })
    await logIn(session, entrance)
    progress?.show('reading what Kuma has')
    const inventory = await session.inventory()
    const support = supportOf(inventory.version)
    if (support.kind === 'unknown') throw new SessionError('version', support.says)
    const entered = session
    return {
      session,
      inventory,
      hasConditions: support.hasConditions,
      close: () => close(entered),
    }
  } catch (error) {
    await close(session)
    throw error
  } finally {
    progress?.clear()
  }
}

/** Kuma takes 20 logins a minute. */
const MOST_TRIES = 3

/** A login that was typed is asked for again when Kuma does not take it. */
async function logIn(session: KumaSession, entrance: Entrance): Promise<void> {
  const { login, terminal, progress } = entrance
  for (let tried = 1; ; tried += 1) {
    try {
      await tryToLogIn(session, entrance)
      return
    } catch (error) {
      const isRefused = error instanceof SessionError && error.failure === 'login'
      if (!isRefused || login.password !== null || tried === MOST_TRIES) throw error
      progress?.clear()
      terminal.printError(`${error.message}\n`)
    }
  }
}

async function tryToLogIn(
  session: KumaSession,
  { login, code, terminal, progress, onPassword }: Entrance,
): Promise<void> {
  const isGiven = login.username !== null && login.password !== null
  if (!isGiven && (await session.isOpen())) return
  progress?.clear()
  const known = await completeLogin(login, terminal)
  if (known === null) throw new SessionError('aborted', NOTHING_ENTERED)
  onPassword(known.password)
  progress?.show('logging in')
  // A code that Kuma did not ask for would be an error there.
  if ((await session.login({ ...known, code: '' })) === 'in') return
  progress?.clear()
  if (code === null && !terminal.isInteractive) {
    throw new SessionError(
      'login',
      'Kuma wants the code of the second factor too: give it by --two-factor-code',
    )
  }
  const second = code ?? (await terminal.ask('Code of the second factor: ', false))
  if (second === null || second.trim() === '') throw new SessionError('aborted', NOTHING_ENTERED)
  progress?.show('logging in')
  await session.login({ ...known, code: second.trim() })
}
