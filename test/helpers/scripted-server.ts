import { once } from 'node:events'
import { createServer as createHttp, type RequestListener } from 'node:http'
import { createServer as createHttps, type ServerOptions } from 'node:https'
import { createServer as createTcp, type AddressInfo, type Server, type Socket } from 'node:net'

/** What ends with a test, or with another owner such as a bench. */
export interface Cleanup {
  after(end: () => unknown): void
}

/** A server on a free port that ends with the test, its connections too. */
export interface ScriptedServer {
  readonly port: number
  /** How many connections were opened so far. */
  readonly connections: number
  /** Ends the connections that are open now. */
  hangUp(): void
  stop(): Promise<void>
}

interface ListenOptions {
  host?: string
  port?: number
  tls?: ServerOptions
}

/** Answers HTTP, or HTTPS when given certificates. */
export function serveHttp(
  t: Cleanup,
  listener: RequestListener,
  { tls, ...options }: ListenOptions = {},
): Promise<ScriptedServer> {
  return listen(t, tls ? createHttps(tls, listener) : createHttp(listener), options)
}

/** Does whatever the test wants with each connection. */
export function serveTcp(t: Cleanup, onConnection: (socket: Socket) => void): Promise<ScriptedServer> {
  return listen(t, createTcp(onConnection), {})
}

async function listen(t: Cleanup, server: Server, options: ListenOptions): Promise<ScriptedServer> {
  const sockets = new Set<Socket>()
  let connections = 0
  server.on('connection', (socket: Socket) => {
    connections += 1
    sockets.add(socket)
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
  })
  server.listen(options.port ?? 0, options.host ?? '127.0.0.1')
  await once(server, 'listening')
  const hangUp = () => {
    for (const socket of sockets) socket.destroy()
  }
  const stop = async () => {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    hangUp()
    await closed
  }
  t.after(stop)
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections
    },
    hangUp,
    stop,
  }
}
