import { quotePath } from '../lib/quote.ts'
import type { Config } from './config.ts'
import { readTextFile, type FileContent, type FileSource } from './files.ts'

/** The environment variables of a process. */
export type Environment = Readonly<Record<string, string | undefined>>

/** A secret that a file holds, or why there is none, in words that begin with the file's name. */
export type SecretReading =
  | { readonly kind: 'secret'; readonly secret: string; readonly exposure: string | null }
  | { readonly kind: 'unreadable' | 'wrong'; readonly cause: string }

const MAX_SECRET_BYTES = 64 * 1024
const MAX_CERTIFICATE_BYTES = 1024 * 1024

/** Reads a file that holds one line, a secret, and drops the white space around it. */
export async function readSecretFile(
  source: FileSource,
  path: string,
  env: Environment,
): Promise<SecretReading> {
  const reading = await readTextFile(source, path, MAX_SECRET_BYTES)
  if (reading.kind === 'failed') return { kind: 'unreadable', cause: `${path} ${reading.cause}` }
  const secret = reading.text.trim()
  if (secret === '') return { kind: 'wrong', cause: `${path} is empty` }
  if (/\p{Cc}/u.test(secret)) return { kind: 'wrong', cause: `${path} must hold one line` }
  return { kind: 'secret', secret, exposure: describeExposure(path, reading.file, env) }
}

/** Returns why the file of a certificate or a key is of no use, which its first request would tell too late; or null. */
export async function whyNotUsable(source: FileSource, path: string): Promise<string | null> {
  const reading = await readTextFile(source, path, MAX_CERTIFICATE_BYTES)
  if (reading.kind === 'failed') return `${path} ${reading.cause}`
  return reading.text.trim() === '' ? `${path} is empty` : null
}

/**
 * Returns a warning about a file with a secret that other users can read, with the command that mends it; null for one
 * that is kept well. A service reads a file of root by its group, and systemd guards its credentials by other means.
 */
export function describeExposure(
  path: string,
  { mode, uid, gid }: Pick<FileContent, 'mode' | 'uid' | 'gid'>,
  env: Environment,
): string | null {
  const credentials = env['CREDENTIALS_DIRECTORY'] ?? '/run/credentials'
  if (path.startsWith(`${credentials}/`) || path.startsWith('/run/credentials/')) return null
  const isShared = uid === 0 && gid !== 0
  const open = isShared ? mode & 0o007 : mode & 0o077
  if ((open & 0o044) === 0) return null
  const readers = (mode & 0o004) !== 0 ? 'every user' : 'its group'
  const wanted = isShared ? '640' : '600'
  return `${path} holds a secret and can be read by ${readers} (mode 0${mode.toString(8)}): chmod ${wanted} ${quotePath(path)}`
}

/** Everything that no output may show, for `createMask`. */
export interface Secrets {
  readonly tokens: readonly string[]
  readonly passwords: readonly string[]
}

/** Collects the secrets of a configuration. */
export function secretsOf({
  kumas,
  supervisors,
  monitors,
}: Pick<Config, 'kumas' | 'supervisors' | 'monitors'>): Secrets {
  const headers = kumas.flatMap((kuma) => Object.values(kuma.headers))
  const pushes = monitors.flatMap(({ push }) => push ?? [])
  const credentials = headers.flatMap((value) => [value, value.replace(/^\w+ +/, '')])
  const logins = headers.flatMap((value) => basicPassword(value) ?? [])
  const proxies = [...kumas, ...pushes].map(({ proxy }) => proxy)
  return {
    tokens: [...new Set(pushes.map(({ token }) => token))],
    passwords: [
      ...new Set([
        ...supervisors.flatMap(({ password }) => password ?? []),
        ...logins,
        ...proxies.flatMap((proxy) => (proxy === null ? [] : proxyPasswords(proxy))),
        // A header of a few characters is no secret, and masking it would blot out ordinary words.
        ...credentials.filter((value) => value.length >= 8),
      ]),
    ],
  }
}

function basicPassword(header: string): string | null {
  const encoded = /^basic +(.+)$/i.exec(header)?.[1]
  if (encoded === undefined) return null
  const password = /:(.+)$/s.exec(Buffer.from(encoded, 'base64').toString())?.[1]
  return password ?? null
}

/** As the URL holds it, as it is meant, and as basic authentication carries it. */
function proxyPasswords(url: string): string[] {
  const { username, password } = new URL(url)
  if (password === '') return []
  try {
    const meant = decodeURIComponent(password)
    const basic = Buffer.from(`${decodeURIComponent(username)}:${meant}`).toString('base64')
    return [password, meant, basic]
  } catch {
    return [password]
  }
}
