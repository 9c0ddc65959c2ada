import { constants } from 'node:fs'
import { dirname } from 'node:path'
import { codeOf, messageOf } from '../lib/errors.ts'
import { close, fchown, fsync, open, readFile, rename, rm, stat, writeFile } from '../lib/files.ts'
import type { Log } from '../lib/log.ts'
import { makeFolder } from '../lib/make-folder.ts'
import { decodeState, encodeState, type Kept } from './state-codec.ts'

/** What is kept of the monitors, by their names. */
export type Memories = Kept['monitors']

/** Keeps what the monitors remember between runs. Neither method ever throws: without the file the agent works on. */
export interface StateFile {
  /** Empty when there is none, or none that can be read; a broken one is set aside as `….broken`. */
  load(): Promise<Kept>
  /** Writes the file whole: temporary file, fsync, rename. */
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
    const temporary = `${path}.${process.pid}.tmp`
    try {
      const file = await create(temporary)
      try {
        await giveToOwner(file, dirname(path))
        await writeFile(file, text)
        await fsync(file)
      } finally {
        await close(file)
      }
      await rename(temporary, path)
    } catch (error) {
      await rm(temporary, { force: true })
      throw error
    }
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

/** What lies there was left behind by one of the same pid, or is a link that must not be followed. Its folder is hardly ever missing. */
async function create(path: string): Promise<number> {
  const flags = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY
  try {
    return await open(path, flags, 0o600)
  } catch (error) {
    if (codeOf(error) === 'EEXIST') await rm(path, { force: true })
    else if (codeOf(error) === 'ENOENT') await makeFolder(dirname(path))
    else throw error
    return open(path, flags, 0o600)
  }
}

/** What root runs by hand must not take the file from the service, which has a user of its own. */
async function giveToOwner(file: number, folder: string): Promise<void> {
  if (process.getuid?.() !== 0) return
  const { uid, gid } = await stat(folder)
  // In some containers root may not.
  if (uid !== 0) await fchown(file, uid, gid).catch(() => {})
}

function reason(error: unknown): string {
  return codeOf(error) ?? messageOf(error)
}
