import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { access, chmod, lstat, mkdir, open, readlink, realpath, rename, rm, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

/** Says why a file cannot be replaced, in words that follow its name; null when it can. */
export async function whyNotReplaceable(path: string): Promise<string | null> {
  const target = await targetOf(path)
  const about = await stat(target).catch(() => null)
  if (about !== null && !about.isFile()) return 'is no file that can be written'
  if (about !== null && (about.mode & 0o200) === 0) {
    return `is read-only (mode 0${(about.mode & 0o777).toString(8)}): chmod u+w it, or write to another by --config`
  }
  for (let folder = dirname(target); ; folder = dirname(folder)) {
    const code = await access(folder, constants.W_OK | constants.X_OK).then(
      () => null,
      (error: NodeJS.ErrnoException) => error.code,
    )
    if (code === null) return null
    if (code !== 'ENOENT' || dirname(folder) === folder) {
      const why = code === 'EROFS' ? 'its file system is read-only' : `${folder} cannot be written to`
      return `cannot be written: ${why}; run this as root, or write to another file by --config`
    }
  }
}

/**
 * Puts a text in the place of a file, in one step: the old text or the new one is there, never a part. A symbolic link
 * stays one. What was there keeps its owner and loses readers that a file with secrets must not have; a new file is its
 * owner's alone.
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  const target = await targetOf(path)
  const before = await stat(target).catch(() => null)
  // A group of a file of root is how a service reads it.
  const isShared = before !== null && before.uid === 0 && before.gid !== 0
  const mode = before === null ? 0o600 : (before.mode & (isShared ? 0o640 : 0o600)) | 0o600
  await mkdir(dirname(target), { recursive: true })
  const temporary = `${target}.${randomBytes(6).toString('hex')}.new`
  try {
    const handle = await open(temporary, 'wx', 0o600)
    try {
      await handle.writeFile(text)
      if (before !== null) await handle.chown(before.uid, before.gid)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await chmod(temporary, mode)
    await rename(temporary, target)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

/** Where a link leads, also one to a file that is not there yet. */
async function targetOf(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch {
    const about = await lstat(path).catch(() => null)
    return about?.isSymbolicLink() === true ? resolve(dirname(path), await readlink(path)) : resolve(path)
  }
}
