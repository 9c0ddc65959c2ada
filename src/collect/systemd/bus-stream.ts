import { Socket } from 'node:net'
import type { MessageBus } from '@jellybrick/dbus-next'
import { checkMessage, checkStart } from './check-message.ts'

/** All its lines together; the library gathers one for as long as it does not end. */
const MAX_LOGIN_BYTES = 16 * 1024

/**
 * The socket of a bus object that was made just now, or null when there is none; made safe against what is not D-Bus.
 *
 * The library shows it to nobody, makes it in a later microtask, and parses inside its listeners, where a throw (its
 * answer to garbage) would be an uncaught exception.
 */
export async function busStream(bus: MessageBus, onThrow: (error: unknown) => void): Promise<Socket | null> {
  const connection: unknown = Reflect.get(bus, '_connection')
  if (typeof connection !== 'object' || connection === null) return null
  for (let turn = 0; turn < 20; turn++) {
    const stream: unknown = Reflect.get(connection, 'stream')
    if (stream instanceof Socket) {
      containThrows(stream, onThrow)
      checkWhatIsRead(stream)
      return stream
    }
    await Promise.resolve()
  }
  return null
}

function containThrows(stream: Socket, onThrow: (error: unknown) => void): void {
  const emit = stream.emit.bind(stream)
  const contained = (event: string, ...args: readonly unknown[]): boolean => {
    try {
      return emit(event, ...args)
    } catch (error) {
      onThrow(error)
      return true
    }
  }
  stream.emit = contained
}

/** The library reads the login byte by byte, and then of each message the first 16 bytes and the rest. */
function checkWhatIsRead(stream: Socket): void {
  const read = stream.read.bind(stream)
  let loginBytes = 0
  let start: Buffer | null = null
  stream.read = (size?: number): unknown => {
    const part: unknown = read(size)
    if (!Buffer.isBuffer(part) || size === undefined) return part
    if (size === 1) {
      if (++loginBytes > MAX_LOGIN_BYTES) throw new RangeError(`more than ${MAX_LOGIN_BYTES} bytes of login`)
      return part
    }
    // What is left of a message when the peer goes away in the middle of it.
    if (part.length < size) return null
    if (start === null) checkStart(part)
    else checkMessage(start, part)
    start = start === null ? part : null
    return part
  }
}
