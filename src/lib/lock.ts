import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { basename, dirname, resolve } from 'node:path'
import { codeOf } from './errors.ts'

/** Gives up a lock. */
export type Release = () => Promise<void>

/**
 * Takes a lock that no other process of this host holds; null when one does.
 *
 * It is a name in the kernel's abstract socket space: no file is left behind, and it ends with its process however that ends.
 * @param message is sent to whoever connects to `lockSocket(name)`
 * @see https://man7.org/linux/man-pages/man7/unix.7.html
 */
export async function takeLock(name: string, message = ''): Promise<Release | null> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    // A client that reads nothing must not keep its connection.
    socket.end(message, () => socket.destroy())
  })
  try {
    await new Promise<void>((settle, reject) => {
      server.once('error', reject).listen({ path: lockSocket(name) }, settle)
    })
  } catch (error) {
    if (codeOf(error) === 'EADDRINUSE') return null
    throw error
  }
  // A lock does not keep the process running.
  server.unref()
  return async () => {
    await new Promise((settle) => server.close(settle))
  }
}

/** The kernel's limit is 108 bytes with the leading zero byte. */
const MAX_NAME_BYTES = 107

/** Returns the address of the lock's holder; a name that is too long is hashed. */
export function lockSocket(name: string): string {
  const plain = `kuma-supervisor-push ${name}`
  if (Buffer.byteLength(plain) <= MAX_NAME_BYTES) return `\0${plain}`
  return `\0kuma-supervisor-push ${createHash('sha256').update(name).digest('hex')}`
}

/**
 * Returns the name of a state file's lock: the file's name and the device and inode of its folder. Containers that share a
 * network share the names of locks, and mean another file by the same path.
 */
export async function lockName(stateFile: string): Promise<string> {
  const path = resolve(stateFile)
  const folder = await stat(dirname(path)).catch(() => null)
  return folder === null ? path : `${folder.dev}:${folder.ino}/${basename(path)}`
}
