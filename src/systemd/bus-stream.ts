import { Socket } from 'node:net'
import type { MessageBus } from '@jellybrick/dbus-next'

/** Large enough for any answer of systemd's; the protocol itself allows 128 MiB. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024

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
      return stream
    }
    await Promise.resolve()
  }
  return null
}

function containThrows(stream: Socket, onThrow: (error: unknown) => void): void {
  const emit = stream.emit.bind(stream)
  const read = stream.read.bind(stream)
  const contained = (event: string, ...args: readonly unknown[]): boolean => {
    try {
      return Reflect.apply(emit, stream, [event, ...args])
    } catch (error) {
      onThrow(error)
      return true
    }
  }
  stream.emit = contained
  stream.read = (size?: number): unknown => {
    if (size !== undefined && size > MAX_MESSAGE_BYTES) throw new RangeError(`a message of ${size} bytes`)
    return read(size)
  }
}
