import { once } from 'node:events'
import { createServer } from 'node:net'
import { codeOf } from '../errors.ts'

/** Ends what `takeLock` took. */
export type Release = () => Promise<void>

/**
 * Takes a lock that no other process of this host holds; null when one does.
 *
 * It is a name in the kernel's abstract socket space: there is no file to be left behind, and it ends with its process
 * however that ends.
 * @see https://man7.org/linux/man-pages/man7/unix.7.html
 */
export async function takeLock(name: string): Promise<Release | null> {
  const server = createServer((socket) => socket.destroy())
  try {
    server.listen({ path: `\0${await socketName(name)}`, exclusive: true })
    await once(server, 'listening')
  } catch (error) {
    if (codeOf(error) === 'EADDRINUSE') return null
    throw error
  }
  // A lock is no reason for the process to stay.
  server.unref()
  return async () => {
    server.close()
    await once(server, 'close')
  }
}

const LONGEST = 107

/** Hashed where it has too many bytes for the kernel. */
async function socketName(name: string): Promise<string> {
  const plain = `kuma-supervisor-push ${name}`
  if (Buffer.byteLength(plain) <= LONGEST) return plain
  const { createHash } = await import('node:crypto')
  return `kuma-supervisor-push ${createHash('sha256').update(name).digest('hex')}`
}
