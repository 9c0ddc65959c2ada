import type { Config } from '../../config/config.ts'
import { ConfigError } from '../../lib/errors.ts'
import { SessionError } from '../../kuma/provisioning/session-error.ts'
import type { Terminal } from '../terminal.ts'
import type { OwnFlags } from '../options.ts'
import { enterKuma } from '../provision/enter-kuma.ts'
import { readLogin } from '../provision/read-login.ts'
import type { InKuma } from './patient.ts'

/**
 * Logs in to Kuma, the first one where there are several, and hears what its monitors are set to; null where no monitor
 * has one. Nothing is changed there.
 */
export async function askKuma(
  { kumas: [kuma] }: Config,
  flags: OwnFlags,
  terminal: Terminal,
  onPassword: (password: string) => void,
  signal: AbortSignal,
): Promise<InKuma | null> {
  if (kuma === undefined) return null
  try {
    const entered = await enterKuma({
      kuma,
      login: await readLogin(flags, terminal),
      code: flags.twoFactorCode ?? null,
      terminal,
      progress: null,
      onPassword,
      signal,
    })
    const { monitors } = entered.inventory
    await entered.close()
    return { kind: 'told', kuma: kuma.name, monitors }
  } catch (error) {
    if (error instanceof SessionError) return { kind: 'failed', says: error.message }
    if (error instanceof ConfigError) return { kind: 'failed', says: error.problems.join('; ') }
    throw error
  }
}
