import { connect } from 'node:net'

/** A thousand programs make some hundred kilobytes. */
const MAX_BYTES = 8 * 1024 * 1024

/** Reads what is told at a socket file; null when nothing is. */
export async function readSocket(path: string, signal: AbortSignal): Promise<string | null> {
  const socket = connect(path)
  const giveUp = (): void => void socket.destroy()
  signal.addEventListener('abort', giveUp)
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of socket) {
      if (!Buffer.isBuffer(chunk)) continue
      bytes += chunk.length
      if (bytes > MAX_BYTES) return null
      chunks.push(chunk)
    }
    return signal.aborted || bytes === 0 ? null : Buffer.concat(chunks).toString('utf8')
  } catch {
    return null
  } finally {
    signal.removeEventListener('abort', giveUp)
    socket.destroy()
  }
}
