import { OTHER_VARIABLES } from '../../config/options.ts'
import { realFiles } from '../../config/files.ts'
import { readSecretFile } from '../../config/secrets.ts'
import { ConfigError } from '../../lib/errors.ts'
import type { Terminal } from '../terminal.ts'
import type { OwnFlags } from '../options.ts'

/** What was given of a login; null for what must be asked for. */
export interface GivenLogin {
  readonly username: string | null
  readonly password: string | null
}

/**
 * Takes user and password from where they may stand.
 * @throws {ConfigError} where they cannot be read, or there is nobody to ask
 */
export async function readLogin(
  { user, passwordFile }: OwnFlags,
  { env, printError }: Pick<Terminal, 'env' | 'printError'>,
): Promise<GivenLogin> {
  if (passwordFile === undefined) {
    return { username: user ?? null, password: env[OTHER_VARIABLES.kumaPassword] || null }
  }
  const reading = await readSecretFile(realFiles, passwordFile, env)
  if (reading.kind !== 'secret') throw new ConfigError([`--password-file: ${reading.cause}`])
  if (reading.exposure !== null) printError(`warning: ${reading.exposure}\n`)
  return { username: user ?? null, password: reading.secret }
}

/**
 * Asks for what is missing; null when the person gives up.
 * @throws {ConfigError} where there is nobody to ask
 */
export async function completeLogin(
  { username, password }: GivenLogin,
  { isInteractive, ask }: Pick<Terminal, 'isInteractive' | 'ask'>,
): Promise<{ username: string; password: string } | null> {
  if (!isInteractive && (username === null || password === null)) {
    const missing = [
      ...(username === null ? ['its user by --user'] : []),
      ...(password === null ? [`the password by --password-file or ${OTHER_VARIABLES.kumaPassword}`] : []),
    ]
    throw new ConfigError([
      `Kuma wants a login, and there is no terminal to ask at: give ${missing.join(' and ')}`,
    ])
  }
  const name = username ?? (await ask('User in Kuma: ', false))
  if (name === null) return null
  const secret = password ?? (await ask(`Password of ${name}: `, true))
  return secret === null ? null : { username: name, password: secret }
}
