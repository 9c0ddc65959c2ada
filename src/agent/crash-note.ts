import { constants, rmSync, writeFileSync } from 'node:fs'
import { open, rm } from 'node:fs/promises'
import { cut, MESSAGE_LIMIT, oneLine } from '../lib/text.ts'

/** As much as a heartbeat has room for beside its verdict. */
const MAX_LENGTH = 80
const MAX_BYTES = 1_000

/** Returns the path of the note that belongs to a state file. */
export function crashNotePath(stateFile: string): string {
  return `${stateFile}.crash`
}

/**
 * Notes why an exception ends the agent, for its next start. Synchronous, for the process is about to exit, and never throws.
 * @param message without secrets
 */
export function writeCrashNote(path: string, message: string): void {
  try {
    rmSync(path, { force: true })
    // `wx` follows no link.
    writeFileSync(path, `${cut(oneLine(message), MAX_LENGTH)}\n`, { flag: 'wx', mode: 0o600 })
  } catch {
    // There is nothing else to be done about it: the log has the exception.
  }
}

/** Why the agent was started again, until Kuma has been told. */
export class CrashNote {
  readonly #error: string
  readonly #path: string

  private constructor(error: string, path: string) {
    this.#error = error
    this.#path = path
  }

  /** Returns the note of an agent that ended by an exception; null where there is none, or none that can be read. */
  static async read(path: string): Promise<CrashNote | null> {
    try {
      const text = cut(oneLine(await readStart(path)), MAX_LENGTH)
      return text === '' ? null : new CrashNote(text, path)
    } catch {
      return null
    }
  }

  /** Returns a heartbeat's message with the note after it; where both have no room, the message is cut. */
  appendTo(message: string): string {
    const noteLength = ` · restarted after an internal error: ${this.#error}`.length
    return `${cut(message, MESSAGE_LIMIT - noteLength)} · restarted after an internal error: ${this.#error}`
  }

  /** Kuma has been told: the next start has nothing to tell. Never throws. */
  async remove(): Promise<void> {
    await rm(this.#path, { force: true }).catch(() => {})
  }
}

/** Whatever lies there, this neither waits nor follows a link. */
async function readStart(path: string): Promise<string> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(MAX_BYTES), 0, MAX_BYTES, 0)
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await file.close()
  }
}
