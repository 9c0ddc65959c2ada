import { realpath } from 'node:fs/promises'
import { resolve } from 'node:path'
import { OPTION_NAMES, OPTIONS, type OptionName, type SharedFlags } from '../../config/options.ts'
import { parseStatus } from './parse-status.ts'
import { readSocket } from '../../agent/read-socket.ts'
import type { Status } from '../../agent/status.ts'
import { statusFolders, statusSocket } from '../../agent/status-folders.ts'

type Environment = Readonly<Record<string, string | undefined>>

const WITHIN_MS = 3_000

/**
 * What a running agent of this host tells; null when there is none, or none by the configuration that is asked for.
 * @param onSilence called with one line about an agent that listens and says nothing
 */
export async function askAgent(
  flags: SharedFlags,
  env: Environment,
  signal: AbortSignal,
  onSilence: (says: string) => void = () => {},
): Promise<Status | null> {
  // An empty variable counts as not set.
  const given = (name: OptionName): unknown => flags[name] ?? (env[OPTIONS[name].env]?.trim() || undefined)
  // Others leave it open what is watched; in a container they are variables that the agent has, too.
  const asks = OPTION_NAMES.filter((name) => OPTIONS[name].topic === 'What is watched')
  if (asks.some((name) => given(name) !== undefined)) return null
  const config = given('config')
  for (const folder of statusFolders(env)) {
    const within = AbortSignal.any([signal, AbortSignal.timeout(WITHIN_MS)])
    const path = statusSocket(folder)
    const text = await readSocket(path, within)
    if (within.aborted && !signal.aborted)
      onSilence(`the agent that listens at ${path} did not answer within ${WITHIN_MS} ms`)
    const status = text === null ? null : parseStatus(text)
    if (status === null) continue
    if (typeof config !== 'string' || (await isSame(config, status.service?.config ?? null))) return status
  }
  return null
}

async function isSame(asked: string, config: string | null): Promise<boolean> {
  return config !== null && (await realPath(asked)) === (await realPath(config))
}

function realPath(path: string): Promise<string> {
  return realpath(path).catch(() => resolve(path))
}
