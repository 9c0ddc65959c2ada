import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer as createHttpServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { Agent, Client, ProxyAgent } from 'undici'
import {
  HttpFailure,
  type HttpFailureCode,
  loadAgent,
  loadClient,
  loadProxyAgent,
  request,
} from '../../src/lib/http.ts'
import { nothingEscapes } from '../helpers/nothing-escapes.ts'

nothingEscapes()

const never = new AbortController().signal

async function listen(t: TestContext, server: Server): Promise<URL> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
}

const http = (t: TestContext, listener: RequestListener) => listen(t, createHttpServer(listener))
const raw = (t: TestContext, onConnection: (socket: Socket) => void) => listen(t, createServer(onConnection))

function client(t: TestContext, url: URL, options: Client.Options = {}): Client {
  const opened = new Client(url.origin, options)
  t.after(() => opened.destroy())
  return opened
}

async function failure(answer: Promise<unknown>): Promise<HttpFailure> {
  const error = await answer.then(
    () => assert.fail('it answered'),
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof HttpFailure, String(error))
  return error
}

test('sends method, path, headers and body, and gives back status, headers and body', async (t) => {
  const url = await http(t, (req, res) => {
    let body = ''
    req.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
    req.on('end', () => {
      res
        .writeHead(201, { 'X-Seen': `${req.method} ${req.url} ${String(req.headers['x-a'])}` })
        .end(`got ${body}`)
    })
  })
  const answer = await request({
    dispatcher: client(t, url),
    url: new URL('/a/b?c=d%20e', url),
    method: 'POST',
    headers: { 'x-a': '1' },
    body: 'grüße',
    signal: never,
    timeoutMs: 5000,
    maxBytes: 100,
  })
  assert.equal(answer.status, 201)
  assert.equal(answer.headers['x-seen'], 'POST /a/b?c=d%20e 1')
  assert.equal(answer.body.toString(), 'got grüße')
})

test('gives every status as an answer and follows no redirect', async (t) => {
  const url = await http(t, (_, res) => res.writeHead(302, { location: '/elsewhere' }).end())
  const { status } = await request({
    dispatcher: client(t, url),
    url,
    signal: never,
    timeoutMs: 5000,
    maxBytes: 9,
  })
  assert.equal(status, 302)
})

test('skips informational answers', async (t) => {
  const url = await http(t, (_, res) => {
    res.writeProcessing()
    res.end('done')
  })
  const answer = await request({
    dispatcher: client(t, url),
    url,
    signal: never,
    timeoutMs: 5000,
    maxBytes: 9,
  })
  assert.equal(answer.status, 200)
  assert.equal(answer.body.toString(), 'done')
})

test('works over an agent as well as over a client', async (t) => {
  const url = await http(t, (_, res) => res.end('ok'))
  const agent = new Agent()
  t.after(() => agent.destroy())
  const answer = await request({ dispatcher: agent, url, signal: never, timeoutMs: 5000, maxBytes: 9 })
  assert.equal(answer.body.toString(), 'ok')
})

const SLOW: [string, (socket: Socket) => void][] = [
  ['a peer that never answers', () => {}],
  ['headers that never end', (socket) => socket.write('HTTP/1.1 200 OK\r\nX: ')],
  [
    'a body that drips for ever',
    (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n')
      const drip = setInterval(() => socket.write('x'), 10)
      socket.on('close', () => clearInterval(drip))
    },
  ],
]
for (const [what, peer] of SLOW) {
  test(`ends at the total deadline: ${what}`, async (t) => {
    const url = await raw(t, peer)
    const { code, message, sent } = await failure(
      request({ dispatcher: client(t, url), url, signal: never, timeoutMs: 700, maxBytes: 1e6 }),
    )
    assert.equal(code, 'timeout')
    assert.equal(message, 'no whole answer within 700 ms')
    assert.equal(sent, true)
  })
}

test('ends at the deadline while the connection is being opened, and never sends the request afterwards', async (t) => {
  let seen = 0
  const url = await http(t, (_, res) => {
    seen++
    res.end()
  })
  const gate = new EventEmitter()
  const waiting = once(gate, 'open')
  const { buildConnector } = await import('undici')
  const connect = buildConnector({})
  const dispatcher = client(t, url, {
    connect: (options, callback) => void waiting.then(() => connect(options, callback)),
  })
  const given = await failure(request({ dispatcher, url, signal: never, timeoutMs: 50, maxBytes: 9 }))
  assert.deepEqual([given.code, given.sent], ['timeout', false])
  gate.emit('open')
  // A later request over the same client shows that the first one is over.
  await request({ dispatcher, url, signal: never, timeoutMs: 5000, maxBytes: 9 })
  assert.equal(seen, 1)
})

test('stops reading at once when the body is larger than the limit', async (t) => {
  const peer = new EventEmitter()
  const closed = once(peer, 'closed')
  const url = await raw(t, (socket) => {
    socket.on('close', () => peer.emit('closed'))
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n')
      const more = () => {
        while (!socket.destroyed && socket.write(Buffer.alloc(65536)));
      }
      socket.on('drain', more)
      more()
    })
  })
  const given = await failure(
    request({ dispatcher: client(t, url), url, signal: never, timeoutMs: 20_000, maxBytes: 100_000 }),
  )
  assert.deepEqual([given.code, given.status], ['too-large', 200])
  assert.equal(given.message, 'the answer is larger than 100000 bytes')
  await closed
})

test('takes a body of exactly the limit', async (t) => {
  const url = await http(t, (_, res) => res.end('12345'))
  const { body } = await request({
    dispatcher: client(t, url),
    url,
    signal: never,
    timeoutMs: 5000,
    maxBytes: 5,
  })
  assert.equal(body.length, 5)
})

test('ends by the signal, before and during the request', async (t) => {
  const url = await raw(t, () => {})
  const dispatcher = client(t, url)
  const before = await failure(
    request({ dispatcher, url, signal: AbortSignal.abort(), timeoutMs: 5000, maxBytes: 9 }),
  )
  assert.deepEqual([before.code, before.sent], ['aborted', false])
  const controller = new AbortController()
  const during = failure(
    request({ dispatcher, url, signal: controller.signal, timeoutMs: 5000, maxBytes: 9 }),
  )
  setTimeout(() => controller.abort(), 20)
  assert.equal((await during).code, 'aborted')
})

test('leaves no listener on the signal', async (t) => {
  const url = await http(t, (_, res) => res.end())
  const { signal } = new AbortController()
  let listeners = 0
  const counted = new Proxy(signal, {
    get(target, key) {
      if (key === 'addEventListener') listeners++
      if (key === 'removeEventListener') listeners--
      const value: unknown = Reflect.get(target, key)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
  await request({ dispatcher: client(t, url), url, signal: counted, timeoutMs: 5000, maxBytes: 9 })
  assert.equal(listeners, 0)
})

const BROKEN: [string, (socket: Socket) => void, HttpFailureCode][] = [
  ['a peer that closes at once', (socket) => socket.end(), 'reset'],
  ['a peer that resets at once', (socket) => socket.resetAndDestroy(), 'reset'],
  ['an answer cut in its headers', (socket) => socket.end('HTTP/1.1 200 OK\r\nX'), 'reset'],
  [
    'an answer cut in its body',
    (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab'),
    'reset',
  ],
  [
    'an answer reset in its body',
    (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab', () =>
        setTimeout(() => socket.resetAndDestroy(), 20),
      )
    },
    'reset',
  ],
  ['a peer of another protocol', (socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'), 'not-http'],
  [
    'headers without end',
    (socket) => socket.end(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`),
    'too-large',
  ],
]
for (const [what, peer, expected] of BROKEN) {
  test(`names the failure: ${what}`, async (t) => {
    const url = await raw(t, (socket) => socket.once('data', () => peer(socket)))
    const given = await failure(
      request({ dispatcher: client(t, url), url, signal: never, timeoutMs: 5000, maxBytes: 1e6 }),
    )
    assert.equal(given.code, expected, given.message)
    assert.doesNotMatch(given.message, /\n/)
  })
}

test('names a port where nobody listens', async (t) => {
  const server = createServer()
  const url = await listen(t, server)
  server.close()
  await once(server, 'close')
  const given = await failure(
    request({ dispatcher: client(t, url), url, signal: never, timeoutMs: 5000, maxBytes: 9 }),
  )
  assert.equal(given.code, 'refused')
  assert.equal(given.message, `connect ECONNREFUSED ${url.host}`)
  assert.equal(given.sent, false)
})

test('names a socket file that is not there', async (t) => {
  const url = new URL('http://localhost/')
  const given = await failure(
    request({
      dispatcher: client(t, url, { socketPath: '/nonexistent/x.sock' }),
      url,
      signal: never,
      timeoutMs: 5000,
      maxBytes: 9,
    }),
  )
  assert.equal(given.code, 'not-found-socket')
})

test('names a socket file where nobody listens', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'ksp-http-'))
  t.after(() => rm(dir, { recursive: true, maxRetries: 9 }))
  const socketPath = join(dir, 'x.sock')
  // Closed by the kernel's end of the process, a socket file stays behind; a plain file answers the same way.
  const { writeFile } = await import('node:fs/promises')
  await writeFile(socketPath, '')
  const url = new URL('http://localhost/')
  const given = await failure(
    request({ dispatcher: client(t, url, { socketPath }), url, signal: never, timeoutMs: 5000, maxBytes: 9 }),
  )
  assert.equal(given.code, 'refused')
})

const CAUSES: [string, unknown, HttpFailureCode, string][] = [
  [
    'no permission',
    Object.assign(new Error('connect EACCES /x'), { code: 'EACCES' }),
    'permission',
    'connect EACCES /x',
  ],
  [
    'DNS',
    Object.assign(new Error('getaddrinfo ENOTFOUND a'), { code: 'ENOTFOUND' }),
    'dns',
    'getaddrinfo ENOTFOUND a',
  ],
  [
    'an expired certificate',
    Object.assign(new Error('certificate has expired'), { code: 'CERT_HAS_EXPIRED' }),
    'tls',
    'certificate has expired',
  ],
  [
    'no route',
    Object.assign(new Error('connect EHOSTUNREACH'), { code: 'EHOSTUNREACH' }),
    'other',
    'connect EHOSTUNREACH',
  ],
  ['no code', new Error('a\n  b'), 'other', 'a b'],
  ['no error', 'x', 'other', 'x'],
  ['no message', new TypeError(), 'other', 'TypeError'],
  [
    'happy eyeballs',
    new AggregateError([
      Object.assign(new Error('connect ENETUNREACH ::1'), { code: 'ENETUNREACH' }),
      Object.assign(new Error('connect ECONNREFUSED 1.2.3.4:1'), { code: 'ECONNREFUSED' }),
      Object.assign(new Error('connect ECONNREFUSED 1.2.3.4:1'), { code: 'ECONNREFUSED' }),
    ]),
    'refused',
    'connect ENETUNREACH ::1, connect ECONNREFUSED 1.2.3.4:1',
  ],
  [
    'no file descriptors are left',
    Object.assign(new Error('connect EMFILE 1.2.3.4:1'), { code: 'EMFILE' }),
    'no-descriptors',
    'the agent has no file descriptors left (EMFILE): raise its limit (LimitNOFILE, ulimit -n)',
  ],
  ['happy eyeballs that say nothing', new AggregateError([new Error('a')]), 'other', 'a'],
  ['an empty aggregate', new AggregateError([], 'none'), 'other', 'none'],
]
for (const [what, cause, code, message] of CAUSES) {
  test(`names the cause of a connection that could not be opened: ${what}`, async (t) => {
    const url = new URL('http://localhost/')
    const dispatcher = client(t, url, { connect: (_, callback) => callback(cause as Error, null) })
    const given = await failure(request({ dispatcher, url, signal: never, timeoutMs: 5000, maxBytes: 9 }))
    assert.deepEqual([given.code, given.message, given.sent], [code, message, false])
  })
}

test('a closed dispatcher is a failure, not an exception', async (t) => {
  const url = new URL('http://localhost/')
  const dispatcher = client(t, url)
  await dispatcher.destroy()
  const given = await failure(request({ dispatcher, url, signal: never, timeoutMs: 5000, maxBytes: 9 }))
  assert.equal(given.code, 'other')
})

test('has the very classes of undici, whose modules it loads by path', async () => {
  assert.equal(await loadAgent(), Agent)
  assert.equal(await loadClient(), Client)
  assert.ok((await loadProxyAgent()).prototype instanceof ProxyAgent)
})
