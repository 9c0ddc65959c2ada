import { readFile } from 'node:fs/promises'
import { decodeState } from './state-codec.ts'
import type { Memories } from './state-file.ts'

/** Reads the state file for whoever only looks: it changes nothing, and one that cannot be read or used is empty. */
export async function peekState(path: string, bootId: string): Promise<Memories> {
  try {
    return decodeState(await readFile(path, 'utf8'), bootId).monitors
  } catch {
    return new Map()
  }
}
