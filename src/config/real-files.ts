import { constants } from 'node:fs'
import { dirname } from 'node:path'
import { access, close, fstat, open, read } from '../lib/files.ts'
import type { FileSource } from './text-file.ts'

/** The file system of this host. */
export const realFiles: FileSource = {
  async read(path, maxBytes) {
    const file = await open(path, 'r')
    try {
      const { mode, uid, gid, dev, ino, mtimeMs } = await fstat(file)
      const chunks: Buffer[] = []
      // Pipes and devices have no size, so it is read until it ends or is too much.
      for (let left = maxBytes + 1; left > 0;) {
        const buffer = Buffer.alloc(Math.min(left, 65_536))
        const { bytesRead } = await read(file, buffer, 0, buffer.length, null)
        if (bytesRead === 0) break
        chunks.push(buffer.subarray(0, bytesRead))
        left -= bytesRead
      }
      // Every user may see it: nothing of what is in the file, not even how long that is.
      const mark = `${dev}:${ino}:${mtimeMs}`
      return { bytes: Buffer.concat(chunks), mode: mode & 0o777, uid, gid, mark }
    } finally {
      await close(file)
    }
  },
  async canWriteIn(folder) {
    for (let tried = folder; ; tried = dirname(tried)) {
      const code = await access(tried, constants.W_OK | constants.X_OK).then(
        () => null,
        (error: NodeJS.ErrnoException) => error.code,
      )
      if (code !== 'ENOENT' || dirname(tried) === tried) return code === null
    }
  },
}
