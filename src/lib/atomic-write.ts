import { constants } from 'node:fs'
import { access, mkdir, open, readdir, rename, rm, type FileHandle } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { codeOf, isMissing } from './errors.ts'

interface WriteOptions {
  /** The file's mode; 0600 unless given. It is 0600 while it is written. */
  readonly mode?: number
  /** The file's owner; the user of this process unless given, and where `isOptional` and it may not be given away. */
  readonly owner?: { readonly uid: number; readonly gid: number; readonly isOptional?: boolean }
}

/**
 * Replaces a file in one step: the old text or the new one is there, also after a power failure. One write at a time for each
 * path and process.
 *
 * Leaves no temporary file behind where it fails. A symbolic link at the path is replaced, not followed.
 */
export async function writeAtomically(path: string, text: string, options: WriteOptions = {}): Promise<void> {
  const { mode = 0o600, owner } = options
  const temporary = `${path}.${process.pid}.tmp`
  const file = await create(temporary)
  try {
    try {
      if (owner?.isOptional === true) await file.chown(owner.uid, owner.gid).catch(() => {})
      else if (owner !== undefined) await file.chown(owner.uid, owner.gid)
      await file.writeFile(text)
      await file.chmod(mode)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

/** Removes what a process with the same pid left behind, as in a container that was killed. */
async function create(path: string): Promise<FileHandle> {
  const flags = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | constants.O_NOFOLLOW
  try {
    return await open(path, flags, 0o600)
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
    await rm(path, { force: true })
    return open(path, flags, 0o600)
  }
}

/** Removes what processes that were killed while they wrote this file have left behind; fails silently. */
export async function removeLeftovers(path: string): Promise<void> {
  const [folder, start] = [dirname(path), `${basename(path)}.`]
  for (const name of await readdir(folder).catch(() => [])) {
    const pid = name.startsWith(start) ? /^\d+(?=\.tmp$)/.exec(name.slice(start.length))?.[0] : undefined
    const isLeft = pid !== undefined && (await access(`/proc/${pid}`).then(() => false, isMissing))
    if (isLeft) await rm(join(folder, name), { force: true }).catch(() => {})
  }
}

/** Makes a folder and those above it. (`recursive` of Node never returns below /proc.) */
export async function makeFolder(path: string, mode = 0o700): Promise<void> {
  try {
    await mkdir(path, mode)
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return
    if (codeOf(error) !== 'ENOENT' || dirname(path) === path) throw error
    await makeFolder(dirname(path), mode)
    await mkdir(path, mode)
  }
}
