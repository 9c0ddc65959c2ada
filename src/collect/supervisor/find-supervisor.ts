import type { SupervisorConfig } from '../../config/config.ts'
import type { FoundServer } from './find-server.ts'
import type { RpcFailure } from './rpc-reading.ts'

/** Finds the supervisord of this host as supervisorctl does; what the configuration says of a login wins. */
export async function findSupervisor(
  { username, password }: Pick<SupervisorConfig, 'username' | 'password'>,
  env: Readonly<Record<string, string | undefined>>,
): Promise<FoundServer | { readonly kind: 'failed'; readonly failure: RpcFailure }> {
  const { findServer } = await import('./find-server.ts')
  const found = await findServer({
    env,
    cwd: process.cwd(),
    // Hardly any configuration has the name in it, and to load what tells it takes longer than to read one.
    get hostname() {
      return process.getBuiltinModule('node:os').hostname()
    },
  })
  if (found.kind === 'failed') return found
  return { ...found, username: username ?? found.username, password: password ?? found.password }
}
