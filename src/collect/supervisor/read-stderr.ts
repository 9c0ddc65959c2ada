import type { SupervisorClient } from './client.ts'
import { lastLine } from './last-line.ts'

/**
 * supervisord answers a piece of a log that is not whole UTF-8 with HTTP 500: a piece that begins within a character is
 * asked for again some bytes on, and a few bytes that are no text at all are left behind with a smaller piece.
 */
const PIECES = [4096, 4095, 4094, 4093, 600, 599, 598, 597] as const

/**
 * Reads the last line that a program wrote to its stderr; null when there is none or it cannot be had.
 * @see http://supervisord.org/api.html#supervisor.rpcinterface.SupervisorNamespaceRPCInterface.readProcessStderrLog
 */
export async function readStderr(
  client: Pick<SupervisorClient, 'readText'>,
  fullName: string,
  signal: AbortSignal,
): Promise<string | null> {
  for (const bytes of PIECES) {
    const text = await client.readText('supervisor.readProcessStderrLog', [fullName, -bytes, 0], signal)
    if (text !== null) return lastLine(text, Buffer.byteLength(text) >= bytes)
  }
  return null
}
