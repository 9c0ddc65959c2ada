import { join } from 'node:path'

type Environment = Readonly<Record<string, string | undefined>>

/** As the unit's `RuntimeDirectory` has it. */
const OF_SERVICE = '/run/kuma-supervisor-push'
/** Not that of the service, which may be started meanwhile. */
const OF_ROOT = '/run/kuma-supervisor-push-root'

/** Where an agent of this user tells its status; null where it has no folder for that. */
export function ownStatusFolder(env: Environment, isRoot: boolean): string | null {
  return ofUnit(env) ?? ofUser(env) ?? (isRoot ? OF_ROOT : null)
}

/** Where an agent may tell its status, the service's first. */
export function statusFolders(env: Environment): readonly string[] {
  const folders = [ofUnit(env), OF_SERVICE, ofUser(env), OF_ROOT]
  return folders.flatMap((folder) => folder ?? [])
}

export function statusSocket(folder: string): string {
  return join(folder, 'status.sock')
}

/** What systemd has made for the unit that this runs in. */
function ofUnit(env: Environment): string | null {
  return env['RUNTIME_DIRECTORY']?.split(':')[0] || null
}

function ofUser(env: Environment): string | null {
  const folder = env['XDG_RUNTIME_DIR'] ?? ''
  return folder === '' ? null : join(folder, 'kuma-supervisor-push')
}
