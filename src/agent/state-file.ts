import { readFile, rename, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { makeFolder, writeAtomically } from '../lib/atomic-write.ts'
import { codeOf, messageOf } from '../lib/errors.ts'
import type { Log } from '../lib/log.ts'
import { decodeState, encodeState, type Kept } from './state-codec.ts'

/** What is kept of the monitors, by their names. */
export type Memories = Kept['monitors']

/** Keeps what the monitors remember between runs. Neither method ever throws: without the file the agent works on. */
export interface StateFile {
  /** Empty when there is none, or none that can be read; a broken one is set aside as `….broken`. */
  load(): Promise<Kept>
  /** Replaces the file in one step. */
  save(kept: Kept): Promise<void>
}

interface StateFileOptions {
  readonly path: string
  /** Names this boot of the host; times remembered from another one mean nothing. */
  readonly bootId: string
  readonly log: Log
}

export function createStateFile({ path, bootId, log }: StateFileOptions): StateFile {
  let isFailing = false

  async function write(text: string): Promise<void> {
    const folder = dirname(path)
    await makeFolder(folder)
    const owner = await ownerOf(folder)
    await writeAtomically(path, text, owner === null ? {} : { owner })
  }

  return {
    async load() {
      let text: string
      try {
        text = await readFile(path, 'utf8')
      } catch (error) {
        if (codeOf(error) !== 'ENOENT')
          log.warn(`the state file ${path} cannot be read (${reason(error)}): starting without memory`)
        return NOTHING_KEPT
      }
      try {
        return decodeState(text, bootId)
      } catch (error) {
        const aside = `${path}.broken`
        const isAside = await rename(path, aside).then(
          () => true,
          () => false,
        )
        const where = isAside ? `; it was set aside as ${aside}` : ''
        log.warn(`the state file ${path} cannot be used (${reason(error)}): starting without memory${where}`)
        return NOTHING_KEPT
      }
    },
    async save(kept) {
      try {
        await write(encodeState(kept, bootId))
        if (isFailing) log.info(`the state file ${path} can be written again`)
        isFailing = false
      } catch (error) {
        const isFull = ['ENOSPC', 'EDQUOT'].includes(codeOf(error) ?? '')
        const mend = isFull ? 'free space there' : 'make its folder writable'
        const way = `${mend} or set state_file; the agent works on without it`
        if (!isFailing) log.warn(`the state file ${path} cannot be written (${reason(error)}): ${way}`)
        isFailing = true
      }
    },
  }
}

export const NOTHING_KEPT: Kept = { monitors: new Map() }

/** What root runs by hand must not take the file from the service, which has a user of its own. */
async function ownerOf(folder: string): Promise<{ uid: number; gid: number; isOptional: true } | null> {
  if (process.getuid?.() !== 0) return null
  const { uid, gid } = await stat(folder)
  // In some containers root may not give it away.
  return uid === 0 ? null : { uid, gid, isOptional: true }
}

function reason(error: unknown): string {
  return codeOf(error) ?? messageOf(error)
}
