import { connect } from 'node:net'

/** A thousand programs make some hundred kilobytes. */
const MAX_BYTES = 8 * 1024 * 1024

/** Reads all that the server at a socket file sends; null when nobody answers, or too much comes. */
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
