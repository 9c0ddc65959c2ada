import type { SupervisorConfig } from '../../config/config.ts'
import type { RpcFailure, SupervisorState } from '../../collect/supervisor/rpc-reading.ts'
import { findSupervisor } from '../../collect/supervisor/discovery.ts'
import { realClock } from '../../lib/real-clock.ts'

/** Everything that one supervisord's door shows. */
export interface SupervisorExam {
  /** Where it is, without credentials; null when that is not known. */
  readonly url: string | null
  /** How that was found out. */
  readonly source: string
  readonly username: string | null
  /** What stands in the way of using its credentials; null when nothing does. */
  readonly warning: string | null
  readonly findMs: number
  readonly reading:
    | { readonly kind: 'answered'; readonly state: SupervisorState }
    | { readonly kind: 'failed'; readonly failure: RpcFailure }
  /** As supervisord names it; null when it does not tell. */
  readonly version: string | null
  readonly readMs: number
}

const now = (): number => realClock.now()

/** Finds one supervisord and asks it once. */
export async function examineSupervisor(
  config: SupervisorConfig,
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<SupervisorExam> {
  const startedMs = realClock.now()
  const found =
    config.url === 'auto'
      ? await findSupervisor(config, { env })
      : ({ kind: 'found', ...config, source: 'the configuration', warning: null } as const)
  const findMs = realClock.now() - startedMs
  if (found.kind === 'failed') {
    const nothing = { url: null, source: '', username: null, warning: null, version: null, readMs: 0 }
    return { ...nothing, findMs, reading: found }
  }
  const { url, username, password, source, warning } = found
  const { createSupervisorClient } = await import('../../collect/supervisor/client.ts')
  const { caFile, timeoutMs } = config
  const client = createSupervisorClient({ url, username, password, caFile, timeoutMs, now })
  try {
    const askedMs = now()
    const reading = await client.read(signal)
    const readMs = now() - askedMs
    const shown = { url, source, username, warning, findMs, readMs }
    if (reading.kind === 'not-asked') throw new Error('a client always asks')
    if (reading.kind === 'failed') return { ...shown, reading, version: null }
    const version = await client.call('supervisor.getSupervisorVersion', [], signal)
    const named = version.kind === 'value' ? version.value : null
    return { ...shown, reading, version: typeof named === 'string' ? named : null }
  } finally {
    await client.close()
  }
}
