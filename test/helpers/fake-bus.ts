import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeCalls, encodeError, encodeReturn, type WireCall, type WireValue } from './dbus-wire.ts'
import type { Cleanup } from './scripted-server.ts'

/** What the bus does with a call: an answer, an error, bytes as they are, the end of the connection, or nothing. */
export type FakeAnswer =
  | { signature: string; body: readonly WireValue[] }
  | { error: string; text?: string }
  | { bytes: Buffer; isLast?: boolean }
  | 'close'
  | 'silence'

export interface FakeBus {
  readonly socketPath: string
  readonly address: string
  /** Calls seen so far, Hello left out. */
  readonly calls: WireCall[]
  /** Connections accepted so far, and those still open. */
  readonly connections: { total: number; open: number }
  /** Sends bytes to everybody who is connected. */
  broadcast(bytes: Buffer): void
  /** Stops listening and drops everybody. */
  stop(): Promise<void>
}

interface FakeBusOptions {
  /** Where to listen; a fresh temporary folder by default. */
  socketPath?: string
  /** What is sent for `AUTH …`; null for nothing, undefined for a welcome. */
  login?: string | Buffer | null
  hello?: (call: WireCall) => FakeAnswer
  answer?: (call: WireCall) => FakeAnswer | Promise<FakeAnswer>
}

/** A scripted message bus on a unix socket. */
export async function startFakeBus(t: Cleanup, options: FakeBusOptions = {}): Promise<FakeBus> {
  const socketPath = options.socketPath ?? join(temporaryFolder(t), 'bus')
  const sockets = new Set<Socket>()
  const bus: FakeBus = {
    socketPath,
    address: `unix:path=${socketPath}`,
    calls: [],
    connections: { total: 0, open: 0 },
    broadcast: (bytes) => {
      for (const socket of sockets) socket.write(bytes)
    },
    stop: async () => {
      if (!server.listening) return
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
  const server = createServer((socket) => {
    sockets.add(socket)
    bus.connections.total++
    bus.connections.open++
    socket.on('error', () => undefined)
    socket.on('close', () => {
      sockets.delete(socket)
      bus.connections.open--
    })
    serve(socket, options, bus.calls)
  })
  await new Promise<void>((resolve) => server.listen(socketPath, resolve))
  t.after(() => bus.stop())
  return bus
}

/** A folder that is gone after the test. */
export function temporaryFolder(t: Cleanup): string {
  const folder = mkdtempSync(join(tmpdir(), 'ksp-bus-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function serve(socket: Socket, { login, hello, answer }: FakeBusOptions, calls: WireCall[]): void {
  let isLoggedIn = false
  let received = Buffer.alloc(0)
  const reply = (call: WireCall, given: FakeAnswer): void => {
    if (given === 'silence' || socket.destroyed) return
    if (given === 'close') socket.destroy()
    else if ('bytes' in given) socket[given.isLast === true ? 'end' : 'write'](given.bytes)
    else if ('error' in given) socket.write(encodeError(call.serial, given.error, given.text ?? ''))
    else socket.write(encodeReturn(call.serial, given.signature, given.body))
  }
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk])
    const begin = received.indexOf('BEGIN\r\n')
    if (!isLoggedIn && begin === -1) {
      if (!received.includes('\r\n')) return
      received = Buffer.alloc(0)
      if (login !== null) socket.write(login ?? 'OK 1234deadbeef\r\n')
      return
    }
    if (!isLoggedIn) received = received.subarray(begin + 'BEGIN\r\n'.length)
    isLoggedIn = true
    const { calls: arrived, rest } = decodeCalls(received)
    received = Buffer.from(rest)
    for (const call of arrived) {
      if (call.member === 'Hello') {
        reply(call, hello?.(call) ?? { signature: 's', body: [':1.7'] })
        continue
      }
      calls.push(call)
      void Promise.resolve(answer?.(call) ?? 'silence').then((given) => reply(call, given))
    }
  })
}
