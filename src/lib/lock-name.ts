import { basename, dirname, resolve } from 'node:path'
import { stat } from './files.ts'

/**
 * What a one-shot locks: its state file by the folder that it really lies in. Containers that share a network share the
 * names of locks, and mean another file by the same path.
 */
export async function lockName(stateFile: string): Promise<string> {
  const path = resolve(stateFile)
  const folder = await stat(dirname(path)).catch(() => null)
  return folder === null ? path : `${folder.dev}:${folder.ino}/${basename(path)}`
}
