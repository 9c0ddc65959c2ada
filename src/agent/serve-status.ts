import { once } from 'node:events'
import { chmod, mkdir, rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { codeOf, messageOf } from '../lib/errors.ts'
import type { Log } from '../lib/log.ts'
import { readSocket } from './read-socket.ts'
import { statusSocket } from './status-folders.ts'

interface ServeOptions {
  /** Null where there is none for it. */
  readonly folder: string | null
  readonly describe: () => Promise<string>
  readonly log: Log
}

const nothing = (): Promise<void> => Promise.resolve()

const MOST_READERS = 16
const READER_TIMEOUT_MS = 5_000
/** What was said this lately is said again: a reader that asks all the time costs next to nothing. */
const FRESH_MS = 500

/**
 * Tells whoever connects the status, and takes nothing from anybody: every user of this host may read what the monitors
 * say, as `systemctl status` shows it too. What stands in the way is no reason not to watch.
 * @returns ends it
 */
export async function serveStatus({ folder, describe, log }: ServeOptions): Promise<() => Promise<void>> {
  if (folder === null) return nothing
  const path = statusSocket(folder)
  const readers = new Set<Socket>()
  let said: { readonly atMs: number; readonly text: Promise<string> } | null = null
  const say = (): Promise<string> => {
    const nowMs = performance.now()
    if (said === null || nowMs - said.atMs > FRESH_MS) said = { atMs: nowMs, text: describe() }
    return said.text
  }
  const server = createServer((reader) => {
    readers.add(reader)
    reader.on('close', () => readers.delete(reader))
    reader.on('error', () => reader.destroy())
    reader.setTimeout(READER_TIMEOUT_MS, () => reader.destroy())
    say().then(
      (text) => reader.end(text),
      () => reader.destroy(),
    )
    reader.resume()
  })
  server.maxConnections = MOST_READERS
  try {
    await mkdir(folder, { mode: 0o755 }).catch(unlessThere)
    if ((await readSocket(path, AbortSignal.timeout(1_000))) !== null) {
      log.debug(`another agent tells its status at ${path}`)
      return nothing
    }
    await rm(path, { force: true })
    server.listen(path)
    await once(server, 'listening')
    // A socket can be connected to by whoever may write to it.
    await chmod(path, 0o666)
  } catch (error) {
    server.close()
    log.debug(`the status cannot be told at ${path}: ${messageOf(error)}`)
    return nothing
  }
  server.on('error', (error) => log.debug(`the status at ${path}: ${error.message}`))
  return async () => {
    const closed = once(server, 'close')
    server.close()
    for (const reader of readers) reader.destroy()
    await closed
  }
}

function unlessThere(error: unknown): void {
  if (codeOf(error) !== 'EEXIST') throw error
}
