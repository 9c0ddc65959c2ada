import { createServer, type Server } from 'node:net'
import { codeOf } from './errors.ts'

/** Ends what `takeLock` took. */
export type Release = () => Promise<void>

/**
 * Takes a lock that no other process of this host holds; null when one does.
 *
 * It is a name in the kernel's abstract socket space: there is no file to be left behind, and it ends with its process
 * however that ends.
 * @param says a few words for whoever asks who holds it
 * @see https://man7.org/linux/man-pages/man7/unix.7.html
 */
export async function takeLock(name: string, says = ''): Promise<Release | null> {
  // Whoever asks and then reads nothing must not stay.
  const server = createServer((socket) => socket.on('error', ignore).end(says, () => socket.destroy()))
  try {
    await listening(server, await lockSocket(name))
  } catch (error) {
    if (codeOf(error) === 'EADDRINUSE') return null
    throw error
  }
  // A lock is no reason for the process to stay.
  server.unref()
  return async () => {
    await new Promise((resolve) => server.close(resolve))
  }
}

const ignore = (): void => {}

/**
 * Without node:cluster, with which `listen` would first find out that this process is none of a cluster: Node takes 3 ms to
 * load it. The method that it calls then has kept its name, so that others can wrap it.
 */
function listening(server: Server, path: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    server.on('listening', resolve).on('error', reject)
    const listen: unknown = Reflect.get(server, '_listen2')
    if (typeof listen === 'function') Reflect.apply(listen, server, [path, -1, -1])
    else server.listen({ path, exclusive: true })
  })
}

const LONGEST = 107

/** Where the holder of a lock can be asked. Hashed where the name has too many bytes for the kernel. */
export async function lockSocket(name: string): Promise<string> {
  const plain = `kuma-supervisor-push ${name}`
  if (Buffer.byteLength(plain) <= LONGEST) return `\0${plain}`
  const { createHash } = await import('node:crypto')
  return `\0kuma-supervisor-push ${createHash('sha256').update(name).digest('hex')}`
}
