import { once } from 'node:events'
import { lstat, mkdir, rm } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { codeOf, messageOf } from '../lib/errors.ts'
import type { Log } from '../lib/log.ts'
import { readSocket } from './read-socket.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** The `RuntimeDirectory` of the service. */
const SERVICE_FOLDER = '/run/kuma-supervisor-push'
/** Not that of the service, which may be started while root runs another agent. */
const ROOT_FOLDER = '/run/kuma-supervisor-push-root'
const NAME = 'kuma-supervisor-push'

/** Of this process and its host; a test has others. */
interface Host {
  readonly uid: number
  readonly rootFolder: string
}

const HOST: Host = { uid: process.getuid?.() ?? -1, rootFolder: ROOT_FOLDER }

/**
 * Returns the folders in which a running agent may serve its status, the service's first. Inside a systemd unit that has a
 * `RuntimeDirectory`, it is that one alone. An agent in the folder of another user is not to be believed.
 */
export async function statusFolders(env: Environment): Promise<readonly string[]> {
  const unit = unitFolder(env)
  if (unit !== null) return [unit]
  const user = env['XDG_RUNTIME_DIR'] || null
  const isOurs = user !== null && (await whyNotOurs(user, HOST.uid)) === null
  return [SERVICE_FOLDER, ...(isOurs ? [join(user, NAME)] : []), ROOT_FOLDER]
}

export function statusSocket(folder: string): string {
  return join(folder, 'status.sock')
}

/**
 * Returns the folder in which an agent of this user serves its status, made where it is missing; null where there is none.
 * A folder that another user can change is passed over: the names in it could be swapped for links to any file.
 */
export async function makeStatusFolder(
  env: Environment,
  log: Log,
  { uid, rootFolder }: Host = HOST,
): Promise<string | null> {
  const isUsable = async (folder: string): Promise<boolean> => {
    const why = await whyNotOurs(folder, uid)
    if (why !== null) log.debug(`the status cannot be told in ${folder}: ${why}`)
    return why === null
  }
  const make = async (folder: string): Promise<string | null> => {
    // Where this fails, what follows says why.
    await mkdir(folder, { mode: 0o755 }).catch(() => {})
    return (await isUsable(folder)) ? folder : null
  }
  const unit = unitFolder(env)
  if (unit !== null) return (await isUsable(unit)) ? unit : null
  const user = env['XDG_RUNTIME_DIR'] || null
  const ofUser = user !== null && (await isUsable(user)) ? await make(join(user, NAME)) : null
  return ofUser ?? (uid === 0 ? make(rootFolder) : null)
}

/** Returns the folder that systemd made for the unit in which this runs. */
function unitFolder(env: Environment): string | null {
  return env['RUNTIME_DIRECTORY']?.split(':')[0] || null
}

/** Returns null for a real folder of the user that nobody else can write to. */
async function whyNotOurs(folder: string, uid: number): Promise<string | null> {
  try {
    const about = await lstat(folder)
    if (!about.isDirectory()) return 'it is not a folder'
    if (about.uid !== uid) return 'it is of another user'
    return (about.mode & 0o022) === 0 ? null : 'other users can write to it'
  } catch (error) {
    return codeOf(error) ?? messageOf(error)
  }
}

const MAX_READERS = 16
/** For the whole of it: one that reads slowly keeps no other out for long. */
const READER_TIMEOUT_MS = 5_000
/** Sent in the place of a status while there are too many readers. */
export const BUSY = 'busy\n'
/** A younger status is sent again: a reader that asks all the time costs next to nothing. */
const MAX_AGE_MS = 500

/**
 * Sends the status of the agent to whoever connects, and reads nothing: every user of this host may know what the monitors
 * say, as `systemctl status` shows it too.
 */
export class StatusServer {
  readonly #describe: () => Promise<string>
  readonly #log: Log
  readonly #readers = new Set<Socket>()
  #server: Server | null = null
  #last: { readonly atMs: number; readonly text: Promise<string> } | null = null

  /** @param describe returns the text to send */
  constructor(describe: () => Promise<string>, log: Log) {
    this.#describe = describe
    this.#log = log
  }

  /** Begins to serve in a folder that nobody else can write to. A failure is logged: the agent works without. */
  async start(folder: string): Promise<void> {
    const path = statusSocket(folder)
    const server = createServer((reader) => this.#answer(reader))
    try {
      if ((await readSocket(path, AbortSignal.timeout(1_000))) !== null) {
        this.#log.debug(`another agent tells its status at ${path}`)
        return
      }
      await rm(path, { force: true })
      await listenForAll(server, path)
    } catch (error) {
      server.close()
      this.#log.debug(`the status cannot be told at ${path}: ${messageOf(error)}`)
      return
    }
    server.on('error', (error) => this.#log.debug(`the status at ${path}: ${error.message}`))
    this.#server = server
  }

  async close(): Promise<void> {
    if (this.#server === null) return
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const reader of this.#readers) reader.destroy()
    await closed
  }

  #answer(reader: Socket): void {
    reader.on('error', () => reader.destroy())
    if (this.#readers.size >= MAX_READERS) {
      reader.end(BUSY)
      reader.destroySoon()
      return
    }
    this.#readers.add(reader)
    const timer = setTimeout(() => reader.destroy(), READER_TIMEOUT_MS)
    reader.on('close', () => {
      clearTimeout(timer)
      this.#readers.delete(reader)
    })
    this.#text().then(
      (text) => reader.end(text),
      () => reader.destroy(),
    )
    reader.resume()
  }

  #text(): Promise<string> {
    const nowMs = performance.now()
    if (this.#last === null || nowMs - this.#last.atMs > MAX_AGE_MS) {
      this.#last = { atMs: nowMs, text: this.#describe() }
    }
    return this.#last.text
  }
}

/** Lets every user connect, who needs the right to write for that. By the umask: `chmod` would follow a link. */
async function listenForAll(server: Server, path: string): Promise<void> {
  const umask = process.umask(0o111)
  try {
    server.listen(path)
  } finally {
    process.umask(umask)
  }
  await once(server, 'listening')
}
