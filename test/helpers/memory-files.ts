import type { FileSource } from '../../src/config/files.ts'

/** A file in memory: its text, or bytes with mode and owner, or the error code that reading it gives. */
export type MemoryFile =
  string | { content: string | Uint8Array; mode?: number; uid?: number; gid?: number } | { code: string }

/** A file system of the given files; everything else does not exist, and only the given folders can be written to. */
export function memoryFiles(
  files: Readonly<Record<string, MemoryFile>>,
  writable: readonly string[] = ['/var/lib/kuma-supervisor-push'],
): FileSource {
  return {
    read(path, maxBytes) {
      const file = (Object.hasOwn(files, path) ? files[path] : null) ?? { code: 'ENOENT' }
      if (typeof file === 'object' && 'code' in file) {
        return Promise.reject(Object.assign(new Error(`${file.code}: ${path}`), { code: file.code }))
      }
      const { content, mode = 0o600, uid = 0, gid = 0 } = typeof file === 'string' ? { content: file } : file
      return Promise.resolve({
        bytes: Buffer.from(content).subarray(0, maxBytes + 1),
        mode,
        uid,
        gid,
        mark: String(content),
      })
    },
    canWriteIn: (folder) => Promise.resolve(writable.includes(folder)),
  }
}
