import type { SupervisorConfig } from '../../config/config.ts'
import type { ProcessInfo } from '../../supervisor/process-info.ts'
import { examineSupervisor } from '../doctor/examine-supervisor.ts'

/** What supervisord runs, or why that is not known. */
export type ProgramsReading =
  | { readonly kind: 'read'; readonly programs: readonly ProcessInfo[] }
  | { readonly kind: 'failed'; readonly why: string }

/** Asks supervisord for its programs; one that is not to be asked has none. */
export async function readPrograms(
  config: SupervisorConfig,
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<ProgramsReading> {
  if (config.url === 'none') return { kind: 'read', programs: [] }
  const { reading } = await examineSupervisor(config, env, signal)
  return reading.kind === 'answered'
    ? { kind: 'read', programs: reading.state.processes }
    : { kind: 'failed', why: reading.failure.detail }
}
