import type { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import type { Message, MessageLike } from '@jellybrick/dbus-next'
import { messageOf } from '../../lib/errors.ts'
import { BusFailure } from './bus-failure.ts'
import { busStream } from './bus-stream.ts'
import { toBusFailure } from './to-bus-failure.ts'

/** One connection to a bus, from the opening of its socket to its one and only failure. */
export interface BusConnection {
  /**
   * Sends a method call, once the connection is open, and gives the body of the answer. Has no deadline.
   * @throws {BusFailure}
   */
  call(message: MessageLike): Promise<readonly unknown[]>
  /** Whether node must stay alive for it. */
  hold(isNeeded: boolean): void
  /** Closes it; every pending call fails with this. */
  end(reason: BusFailure): void
  /** Why it is of no use any more; null while it may be used. */
  readonly failure: BusFailure | null
}

export type BusSignal = Pick<Message, 'path' | 'member' | 'body'>

/**
 * Starts to connect; what goes wrong is told by the calls.
 * @param onSignal receives the signals that match rules brought here
 */
export function openBusConnection(socketPath: string, onSignal: (signal: BusSignal) => void): BusConnection {
  const pending = new Set<(reason: BusFailure) => void>()
  let failure: BusFailure | null = null
  let stream: Socket | null = null
  let isNeeded = true

  const end = (reason: BusFailure): void => {
    if (failure !== null) return
    failure = reason
    stream?.destroy()
    for (const reject of pending) reject(reason)
    pending.clear()
  }

  const isEnded = (): boolean => failure !== null

  const open = async (): Promise<(message: MessageLike) => Promise<Message | null>> => {
    const library = await import('./dbus.ts')
    if (isEnded()) throw new BusFailure('closed', 'ended before it was opened')
    const bus = library.sessionBus({ busAddress: `unix:path=${socketPath}`, authMethods: ['EXTERNAL'] })
    let isOpen = false
    // The library leaves pending calls pending when the peer goes away.
    const closed = (): void => {
      const what = isOpen ? 'the bus closed the connection' : 'the bus closed the connection during the login'
      end(new BusFailure('closed', `${what} at ${socketPath}`))
    }
    const fail = (error: unknown): void => {
      const reason = toBusFailure(error, socketPath)
      if (reason.code === 'closed') closed()
      else end(reason)
    }
    const emitter: EventEmitter = bus
    // Without this listener any trouble would be an uncaught exception.
    emitter.on('error', fail)
    bus.on('message', (message) => {
      if (message.type === library.MessageType.SIGNAL) onSignal(message)
    })
    const ready = new Promise<void>((resolve) => bus.once('connect', () => resolve()))
    stream = await busStream(bus, fail)
    if (stream === null) throw new BusFailure('other', `no connection to ${socketPath}`)
    stream.once('end', closed).once('close', closed)
    // It may have been ended meanwhile.
    if (isEnded()) stream.destroy()
    if (!isNeeded) stream.unref()
    await ready
    isOpen = true
    return (message) => bus.call(new library.Message(message))
  }
  const opened = open()
  opened.catch((error: unknown) => end(toBusFailure(error, socketPath)))

  /** The library has a class for an error answer; any other rejection of a call means that it was not sent. */
  const callFailure = (error: unknown): BusFailure => {
    const reason = toBusFailure(error, socketPath)
    if (reason.code !== 'garbage') return reason
    const code = stream?.writable === true ? 'other' : 'closed'
    return new BusFailure(code, `cannot send to the bus at ${socketPath}: ${messageOf(error)}`, {
      cause: error,
    })
  }

  return {
    call: (message) =>
      new Promise((resolve, reject) => {
        if (failure !== null) {
          reject(failure)
          return
        }
        pending.add(reject)
        opened
          .then((send) => send(message))
          .then(
            (reply) => resolve(reply?.body ?? []),
            (error: unknown) => reject(callFailure(error)),
          )
          .finally(() => pending.delete(reject))
      }),
    hold: (needed) => {
      isNeeded = needed
      if (isNeeded) stream?.ref()
      else stream?.unref()
    },
    end,
    get failure() {
      return failure
    },
  }
}
