import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { TestContext } from 'node:test'

export interface RpcServer {
  readonly url: URL
  /** The open connections. */
  readonly sockets: ReadonlySet<Socket>
  /** How many connections were made so far. */
  connections(): number
}

/** An XML body as an answer of status 200. */
export const xmlAnswer = (value: string) =>
  `<?xml version="1.0"?><methodResponse><params><param><value>${value}</value></param></params></methodResponse>`

/** An XML body that is a fault. */
export const xmlFault = (code: number, message: string) =>
  `<?xml version="1.0"?><methodResponse><fault><value><struct><member><name>faultCode</name><value><int>${code}</int></value></member>` +
  `<member><name>faultString</name><value><string>${message}</string></value></member></struct></value></fault></methodResponse>`

/**
 * A server in the place of an XML-RPC peer; `answer` gets the method and the whole body.
 * What it returns is the answer's body; nothing when it wrote to `res` itself or wants silence.
 */
export async function startRpcServer(
  t: TestContext,
  answer: (method: string, body: string, req: IncomingMessage, res: ServerResponse) => string | undefined,
  options: { socketPath?: string; tls?: { key: string; cert: string } } = {},
): Promise<RpcServer> {
  const { socketPath, tls } = options
  const sockets = new Set<Socket>()
  let connections = 0
  const listener: RequestListener = (req, res) => {
    let body = ''
    req.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
    req.on('end', () => {
      const method = /<methodName>(.*?)<\/methodName>/.exec(body)?.[1] ?? ''
      const text = answer(method, body, req, res)
      if (text !== undefined) res.setHeader('content-type', 'text/xml').end(text)
    })
  }
  const server = tls ? createTlsServer(tls, listener) : createServer(listener)
  server.keepAliveTimeout = 0
  server.on('connection', (socket: Socket) => {
    connections++
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
  })
  if (socketPath === undefined) server.listen(0, '127.0.0.1')
  else server.listen(socketPath)
  await once(server, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const port = socketPath === undefined ? (server.address() as AddressInfo).port : 80
  return {
    url: new URL(`${tls ? 'https' : 'http'}://127.0.0.1:${port}/RPC2`),
    sockets,
    connections: () => connections,
  }
}
