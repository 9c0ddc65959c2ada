import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { EventEmitter } from 'node:events'
import { existsSync } from 'node:fs'
import { Socket } from 'node:net'
import { join } from 'node:path'
import {
  DBusError,
  Message,
  MessageType,
  sessionBus,
  type MessageBus,
  type MessageLike,
} from '@jellybrick/dbus-next'
import { codeOf, messageOf, noDescriptors } from '../../lib/errors.ts'

import { cut, oneLine } from '../../lib/text.ts'

/** Why the bus gave no answer; decide by these, never by the text. */
export type BusFailureCode =
  /** The address is one this program cannot use. */
  | 'address'
  /** No such socket file. */
  | 'no-socket'
  /** EACCES or EPERM on the socket file. */
  | 'permission'
  /** ECONNREFUSED: a socket file nobody listens on. */
  | 'refused'
  /** The bus does not accept this user's login. */
  | 'login'
  /** The connection ended before the answer. */
  | 'closed'
  /** Something arrived that the D-Bus library cannot read, or that is too large. */
  | 'garbage'
  | 'timeout'
  /** The caller's signal. */
  | 'aborted'
  /** An answer, but an error: see `errorName`. */
  | 'error-reply'
  | 'other'

/** No answer from the bus; the message is one line. */
export class BusFailure extends Error {
  override name = 'BusFailure'
  readonly code: BusFailureCode
  /** D-Bus's name of the error, as `org.freedesktop.DBus.Error.AccessDenied`, of an `error-reply`; else null. */
  readonly errorName: string | null

  constructor(code: BusFailureCode, message: string, errorName: string | null = null) {
    super(cut(oneLine(message), 300))
    this.code = code
    this.errorName = errorName
  }
}

export interface CallLimits {
  readonly signal: AbortSignal
  /** Total: opening the connection, the login and the answer. */
  readonly timeoutMs: number
}

export type BusSignal = Pick<Message, 'path' | 'member' | 'body'>

/** A message bus. The first call opens a connection, and so does the first one after a failure of it. */
export class Bus {
  /** Counts the connections: on a new one nothing is subscribed. */
  generation = 0
  readonly #address: string | null
  readonly #root: string
  readonly #onSignal: (signal: BusSignal) => void
  /** The last one is in use; the others still have pending calls. */
  #connections: readonly Connection[] = []
  #isClosed = false

  /**
   * @param address the value of `DBUS_SYSTEM_BUS_ADDRESS`; null for the system bus's usual places
   * @param root where the usual places are; `/` but in tests
   * @param onSignal receives the signals that match rules, or other users of the bus, brought here
   */
  constructor(address: string | null, root: string, onSignal: (signal: BusSignal) => void) {
    this.#address = address
    this.#root = root
    this.#onSignal = onSignal
  }

  /**
   * Calls a method and gives the body of the answer.
   * @throws {BusFailure} at the deadline at the latest
   */
  async call(message: MessageLike, limits: CallLimits): Promise<readonly unknown[]> {
    if (this.#isClosed) throw new BusFailure('closed', 'the bus was closed by this process')
    let connection = this.#connections.at(-1)
    if (connection?.isUsable !== true) {
      connection = new Connection(findBusSocket(this.#address, this.#root), this.#onSignal)
      this.#connections = [...this.#connections.filter(({ hasEnded }) => !hasEnded), connection]
      this.generation++
    }
    return connection.call(message, limits)
  }

  /** Ends every connection and every pending call, and refuses further ones. */
  close(): void {
    this.#isClosed = true
    for (const connection of this.#connections)
      connection.end(new BusFailure('closed', 'the bus was closed by this process'))
  }
}

/** Far more than systemd has to say. The D-Bus library makes some 200 bytes of one, and any user of the host may send 32 MiB. */
const MAX_MESSAGE_BYTES = 64 * 1024
const MAX_LOGIN_BYTES = 16 * 1024

/** One connection, from the opening of its socket to its first failure. It keeps node alive only while a call is pending. */
class Connection {
  readonly #path: string
  readonly #bus: MessageBus
  readonly #socket: Socket | null
  /** Each makes one pending call fail. */
  readonly #pending = new Set<(reason: BusFailure) => void>()
  #isLoggedIn = false
  /** A call had no answer: it gets no further ones, and ends with the last that is pending. */
  #isDoubtful = false
  #failure: BusFailure | null = null

  constructor(path: string, onSignal: (signal: BusSignal) => void) {
    this.#path = path
    const [bus, socket] = connect(path)
    this.#bus = bus
    this.#socket = socket
    const emitter: EventEmitter = bus
    emitter.on('error', (error: unknown) => this.end(this.#failureOf(error)))
    bus.once('connect', () => (this.#isLoggedIn = true))
    bus.on('message', (message) => {
      if (message.type === MessageType.SIGNAL) onSignal(message)
    })
    if (socket === null) {
      this.end(new BusFailure('other', `no connection to ${path}`))
      return
    }
    // The library leaves pending calls pending when the peer goes away.
    socket.once('end', () => this.end(this.#closed())).once('close', () => this.end(this.#closed()))
    this.#guard(socket)
  }

  get hasEnded(): boolean {
    return this.#failure !== null
  }

  get isUsable(): boolean {
    return !this.hasEnded && !this.#isDoubtful
  }

  call(message: MessageLike, { signal, timeoutMs }: CallLimits): Promise<readonly unknown[]> {
    const method = message.member ?? 'a call'
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', abort)
        this.#pending.delete(fail)
        if (this.#pending.size > 0) return
        this.#socket?.unref()
        if (this.#isDoubtful) this.end(new BusFailure('closed', 'left after a call without an answer'))
      }
      const fail = (reason: BusFailure): void => {
        settle()
        reject(reason)
      }
      const abort = (): void => fail(new BusFailure('aborted', `${method} was cancelled`))
      const timer = setTimeout(() => {
        this.#isDoubtful = true
        fail(new BusFailure('timeout', `${method} timed out after ${timeoutMs} ms at ${this.#path}`))
      }, timeoutMs)
      signal.addEventListener('abort', abort)
      this.#pending.add(fail)
      this.#socket?.ref()
      if (signal.aborted) abort()
      else if (this.#failure !== null) fail(this.#failure)
      else {
        // The library keeps it until the login is over.
        this.#bus
          .call(new Message(message))
          .then(
            (reply) => resolve(reply?.body ?? []),
            (error: unknown) => reject(this.#failureOf(error)),
          )
          .finally(settle)
      }
    })
  }

  /** Closes it; every pending call fails with this. */
  end(reason: BusFailure): void {
    if (this.#failure !== null) return
    this.#failure = reason
    this.#socket?.destroy()
    for (const fail of this.#pending) fail(reason)
  }

  /**
   * Makes a throw of the library's reader a failure of this connection. The reader runs in listeners of the socket, where a
   * throw is an uncaught exception, and every user of the host may send what it throws at: a signal of type `h`.
   */
  #guard(socket: Socket): void {
    const emit = socket.emit.bind(socket)
    socket.emit = (event: string, ...args: readonly unknown[]): boolean => {
      try {
        return emit(event, ...args)
      } catch (error) {
        this.end(this.#failureOf(error))
        return true
      }
    }
    const read = socket.read.bind(socket)
    // The library reads the login byte by byte, and of each message first 16 bytes and then the rest.
    socket.read = (size?: number): unknown => {
      if (size !== undefined && size > MAX_MESSAGE_BYTES) throw new RangeError(`a message of ${size} bytes`)
      if (!this.#isLoggedIn && socket.bytesRead > MAX_LOGIN_BYTES)
        throw new RangeError(`more than ${MAX_LOGIN_BYTES} bytes of login`)
      const part: unknown = read(size)
      // The last part of a message that the peer did not finish is no message.
      return Buffer.isBuffer(part) && size !== undefined && part.length < size ? null : part
    }
  }

  #closed(): BusFailure {
    const when = this.#isLoggedIn ? '' : ' during the login'
    return new BusFailure('closed', `the bus closed the connection${when} at ${this.#path}`)
  }

  /** Takes what the library or its socket threw or emitted. */
  #failureOf(error: unknown): BusFailure {
    const path = this.#path
    const message = messageOf(error)
    if (error instanceof DBusError)
      return new BusFailure('error-reply', `${error.type}: ${message}`, error.type)
    const code = codeOf(error) ?? ''
    const own = noDescriptors(code)
    if (own !== null) return new BusFailure('other', own)
    switch (code) {
      case 'ENOENT':
      case 'ENOTDIR':
        return new BusFailure('no-socket', `no bus socket at ${path}`)
      case 'EACCES':
      case 'EPERM':
        return new BusFailure('permission', `permission denied (${code}) at the bus socket ${path}`)
      case 'ECONNREFUSED':
        return new BusFailure('refused', `nobody listens (${code}) at the bus socket ${path}`)
      case 'ECONNRESET':
      case 'EPIPE':
        return this.#closed()
      default:
    }
    if (error instanceof Error && 'syscall' in error)
      return new BusFailure('other', `${message} (bus socket)`)
    // The library has no code for this one.
    if (message.startsWith('authentication failed')) {
      const user = `uid ${process.getuid?.() ?? '?'}`
      const why = 'it may not know the users of a user namespace (rootless container)'
      return new BusFailure('login', `the bus at ${path} rejects the login of ${user}; ${why}`)
    }
    // Nor has it one for what it cannot send any more.
    if (this.#socket?.writable === false) return this.#closed()
    return new BusFailure('garbage', `the peer at ${path} does not speak D-Bus: ${message}`)
  }
}

/** Starts to connect. The library shows its socket to nobody, but Node tells of each one that is made. */
function connect(path: string): [MessageBus, Socket | null] {
  let socket: Socket | null = null
  const take = (made: unknown): void => {
    if (typeof made === 'object' && made !== null && 'socket' in made && made.socket instanceof Socket)
      socket = made.socket
  }
  subscribe('net.client.socket', take)
  try {
    return [sessionBus({ busAddress: `unix:path=${path}`, authMethods: ['EXTERNAL'] }), socket]
  } finally {
    unsubscribe('net.client.socket', take)
  }
}

const USUAL_SOCKETS = ['run/dbus/system_bus_socket', 'var/run/dbus/system_bus_socket'] as const

/**
 * Returns the socket file of the system bus. Of several addresses the first `unix:path=` counts.
 * @throws {BusFailure} `address`
 * @see https://dbus.freedesktop.org/doc/dbus-specification.html#addresses
 */
export function findBusSocket(address: string | null, root: string): string {
  if (address === null) {
    const usual = USUAL_SOCKETS.map((path) => join(root, path))
    return usual.find((path) => existsSync(path)) ?? join(root, USUAL_SOCKETS[0])
  }
  const path = address
    .split(';')
    .map((one) => /^unix:(?:[^,]*,)*?path=([^,]+)/.exec(one)?.[1])
    .find((found) => found !== undefined)
  // The D-Bus library cuts an address at these, escaped or not.
  if (path === undefined || /[:%]/.test(path)) {
    throw new BusFailure('address', `DBUS_SYSTEM_BUS_ADDRESS must be unix:path=/…/socket, got "${address}"`)
  }
  return path
}
