import { quotePath } from '../lib/quote-path.ts'
import type { Environment } from './read-options.ts'
import type { FileContent } from './text-file.ts'

/**
 * Warns of a file with a secret that other users can read, with the line that mends it; null when it is kept well.
 * A group of a file of root is how a service reads it, and systemd guards its credentials by other means.
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
