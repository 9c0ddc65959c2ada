import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import type { Cleanup } from './scripted-server.ts'

/** What a gate does with a connection: lets it through, does not listen at all, or whatever the function does. */
export type GateMode = 'pass' | 'refuse' | ((client: Socket) => void)

/** Stands in front of a server, on TCP or on a unix socket, and can break in every way that a network can. */
export interface Gate {
  /** 0 on a unix socket. */
  readonly port: number
  /** From now on. Connections of before are ended, unless the mode is `pass`: those that hang then hang on. */
  set(mode: GateMode): Promise<void>
  /** Sends new connections to another server. */
  lead(to: Address): void
  /** Lets nothing through on the connections that are open, without ending them. */
  freeze(): void
  hangUp(): void
}

type Address = { readonly port: number } | { readonly path: string }

export async function startGate(
  t: Cleanup,
  target: Address,
  at: { readonly path: string } | { readonly host?: string; readonly port?: number } = {},
): Promise<Gate> {
  const sockets = new Set<Socket>()
  let backend = target
  let mode: GateMode = 'pass'
  let port = 'port' in at ? (at.port ?? 0) : 0
  let server: Server | null = null

  const keep = (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
    return socket
  }
  const onConnection = (client: Socket) => {
    keep(client)
    if (typeof mode === 'function') {
      mode(client)
      return
    }
    const through = keep('path' in backend ? connect(backend) : connect({ ...backend, host: '127.0.0.1' }))
    client.pipe(through).pipe(client)
    for (const [one, other] of [[client, through], [through, client]] as const) one.on('close', () => other.destroy()) // prettier-ignore
  }
  const listen = async () => {
    server = createServer(onConnection)
    if ('path' in at) server.listen(at.path)
    else server.listen(port, at.host ?? '127.0.0.1')
    await once(server, 'listening')
    if (!('path' in at)) port = (server.address() as AddressInfo).port
  }
  const hangUp = () => {
    for (const socket of sockets) socket.destroy()
  }
  const unlisten = async () => {
    if (server === null) return
    const closed = once(server, 'close')
    server.close()
    server = null
    hangUp()
    await closed
  }
  await listen()
  t.after(unlisten)
  return {
    get port() {
      return port
    },
    async set(next) {
      mode = next
      if (next === 'refuse') await unlisten()
      else if (server === null) await listen()
      if (next !== 'pass') hangUp()
    },
    lead(to) {
      backend = to
    },
    freeze() {
      for (const socket of sockets) {
        socket.unpipe()
        socket.pause()
      }
    },
    hangUp,
  }
}
