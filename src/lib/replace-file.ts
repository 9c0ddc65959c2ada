import { randomBytes } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'

/**
 * Replaces a file, or makes it, in one step: the old text or the new one is there, never a part. The text is readable by
 * its owner alone until the new file has the mode and owner that were asked for.
 */
export async function replaceFile(
  path: string,
  text: string,
  about: { readonly mode?: number; readonly uid?: number; readonly gid?: number } = {},
): Promise<void> {
  const { mode = 0o600, uid, gid } = about
  const temporary = `${path}.${randomBytes(6).toString('hex')}.new`
  try {
    const file = await open(temporary, 'wx', 0o600)
    try {
      await file.writeFile(text)
      if (uid !== undefined && gid !== undefined) await file.chown(uid, gid)
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
