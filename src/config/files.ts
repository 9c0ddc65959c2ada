import { constants } from 'node:fs'
import { access, lstat, open, readlink, realpath, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { makeFolder, writeAtomically } from '../lib/atomic-write.ts'
import { codeOf } from '../lib/errors.ts'

/** The part of a file system that loading a configuration needs. */
export interface FileSource {
  /** Reads at most `maxBytes` + 1 bytes of a file. Rejects with the error of `node:fs`, `EISDIR` for a folder. */
  read(path: string, maxBytes: number): Promise<FileContent>
  /** Tells whether a folder can be written to, or made where it is missing. */
  canWriteIn(folder: string): Promise<boolean>
}

export interface FileContent {
  readonly bytes: Uint8Array
  /** The permission bits alone: 0o600. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Differs between two versions of the file, as far as its place and its time tell; permissions do not count. */
  readonly mark: string
}

/** A file's text, or why there is none, in words that follow its name. */
export type TextReading =
  | { readonly kind: 'text'; readonly text: string; readonly file: FileContent }
  | { readonly kind: 'failed'; readonly code: string; readonly cause: string }

/** The file system of this host. */
export const realFiles: FileSource = {
  async read(path, maxBytes) {
    const file = await open(path)
    try {
      const { mode, uid, gid, dev, ino, mtimeMs } = await file.stat()
      const chunks: Buffer[] = []
      // Pipes and devices have no size, so it is read until it ends or is too much.
      for (let left = maxBytes + 1; left > 0;) {
        const { bytesRead, buffer } = await file.read(Buffer.alloc(Math.min(left, 65_536)))
        if (bytesRead === 0) break
        chunks.push(buffer.subarray(0, bytesRead))
        left -= bytesRead
      }
      // Every user may see the mark: it tells nothing of what is in the file, not even its length.
      const mark = `${dev}:${ino}:${mtimeMs}`
      return { bytes: Buffer.concat(chunks), mode: mode & 0o777, uid, gid, mark }
    } finally {
      await file.close()
    }
  },
  canWriteIn: async (folder) => (await findObstacle(folder)) === null,
}

const CAUSES: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'does not exist: a part of its path is not a folder',
  EISDIR: 'is a folder, not a file',
  EACCES: 'cannot be read: permission denied; run as its owner or as root, or give the user access to it',
  EPERM: 'cannot be read: permission denied',
  ELOOP: 'cannot be read: too many symbolic links',
  ENAMETOOLONG: 'has too long a name',
}

/** Reads a whole text file of at most `maxBytes` in UTF-8, without its byte order mark. */
export async function readTextFile(source: FileSource, path: string, maxBytes: number): Promise<TextReading> {
  let file: FileContent
  try {
    file = await source.read(path, maxBytes)
  } catch (error) {
    const code = codeOf(error) ?? String(error)
    return { kind: 'failed', code, cause: CAUSES[code] ?? `cannot be read: ${code}` }
  }
  if (file.bytes.length > maxBytes) {
    return { kind: 'failed', code: 'EFBIG', cause: `is larger than ${maxBytes / 1024} KiB` }
  }
  try {
    return { kind: 'text', text: new TextDecoder('utf-8', { fatal: true }).decode(file.bytes), file }
  } catch {
    return { kind: 'failed', code: 'EILSEQ', cause: `is not UTF-8 text${describeBadPlace(file.bytes)}` }
  }
}

/** The decoder puts replacement characters where bytes are wrong; the line of the first one is told. */
function describeBadPlace(bytes: Uint8Array): string {
  if (bytes.includes(0)) return '; it has zero bytes in it'
  const before = new TextDecoder().decode(bytes).split('\uFFFD')[0] ?? ''
  return ` in line ${before.split('\n').length}; save it as UTF-8`
}

/** Returns why a configuration file cannot be replaced, in words that follow its name; null when it can. */
export async function whyNotReplaceable(path: string): Promise<string | null> {
  const target = await followLink(path)
  const about = await stat(target).catch(() => null)
  if (about !== null && !about.isFile()) return 'is no file that can be written'
  if (about !== null && (about.mode & 0o200) === 0) {
    return `is read-only (mode 0${(about.mode & 0o777).toString(8)}): chmod u+w it, or write to another by --config`
  }
  const obstacle = await findObstacle(dirname(target))
  if (obstacle === null) return null
  const why =
    obstacle.code === 'EROFS' ? 'its file system is read-only' : `${obstacle.folder} cannot be written to`
  return `cannot be written: ${why}; run this as root, or write to another file by --config`
}

/**
 * Replaces a configuration file in one step. A symbolic link stays one. An existing file keeps its owner and loses
 * readers that a file with secrets must not have; a new one is its owner's alone.
 */
export async function replaceConfigFile(path: string, text: string): Promise<void> {
  const target = await followLink(path)
  const before = await stat(target).catch(() => null)
  await makeFolder(dirname(target), 0o755)
  if (before === null) return writeAtomically(target, text)
  // A service reads a file of root by its group.
  const isShared = before.uid === 0 && before.gid !== 0
  const mode = (before.mode & (isShared ? 0o640 : 0o600)) | 0o600
  await writeAtomically(target, text, { mode, owner: before })
}

/** Returns where a link leads, even when nothing is there yet. */
async function followLink(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch {
    const about = await lstat(path).catch(() => null)
    return about?.isSymbolicLink() === true ? resolve(dirname(path), await readlink(path)) : resolve(path)
  }
}

/** Returns the folder in which nothing can be made, the wanted one or one above it; null when all is well. */
async function findObstacle(wanted: string): Promise<{ folder: string; code: string | null } | null> {
  for (let folder = wanted; ; folder = dirname(folder)) {
    try {
      await access(folder, constants.W_OK | constants.X_OK)
      return null
    } catch (error) {
      const code = codeOf(error)
      if (code !== 'ENOENT' || dirname(folder) === folder) return { folder, code }
    }
  }
}
