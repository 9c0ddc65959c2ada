import { readFile } from 'node:fs/promises'
import type { SupervisorConfig } from '../../config/config.ts'
import type { ProcessInfo } from '../../collect/supervisor/process-info.ts'
import { examineSupervisor } from '../doctor/examine-supervisor.ts'

/** What supervisord runs, or why that is not known. */
export type ProgramsReading =
  | { readonly kind: 'read'; readonly programs: readonly ProcessInfo[] }
  | { readonly kind: 'failed'; readonly why: string }

/** Asks supervisord for its programs, the agent as its event listener left out; one that is not to be asked has none. */
export async function readPrograms(
  config: SupervisorConfig,
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<ProgramsReading> {
  if (config.url === 'none') return { kind: 'read', programs: [] }
  const { reading } = await examineSupervisor(config, env, signal)
  if (reading.kind === 'failed') return { kind: 'failed', why: reading.failure.detail }
  const { processes } = reading.state
  const isOwn = await Promise.all(processes.map(({ pid }) => isOwnListener(pid)))
  return { kind: 'read', programs: processes.filter((_, index) => isOwn[index] !== true) }
}

/** `listen` never counts itself, so that a monitor over it alone would find no program. supervisord does not tell which is one. */
async function isOwnListener(pid: number): Promise<boolean> {
  const line = pid === 0 ? '' : await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
  const words = line.split('\0')
  return words.includes('listen') && words.some((word) => word.includes('kuma-supervisor-push'))
}
