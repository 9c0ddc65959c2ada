import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { call } from '../../../src/collect/supervisor/call.ts'
import { createPeer, type Peer, type PeerAddress } from '../../../src/collect/supervisor/peer.ts'
import { nothingEscapes } from '../../helpers/nothing-escapes.ts'
import { selfSigned } from '../../helpers/self-signed.ts'
import { startRpcServer, xmlAnswer, xmlFault } from '../../helpers/rpc-server.ts'

nothingEscapes()

function open(t: TestContext, address: Partial<PeerAddress> & { url: URL }, onEnd = () => {}): Peer {
  const whole = { socketPath: null, username: null, password: null, ca: null, ...address }
  const peer = createPeer(whole, onEnd, () => performance.now())
  t.after(() => peer.close())
  return peer
}

const options = () => ({ signal: new AbortController().signal, timeoutMs: 10_000, idempotent: true })

test('posts the call to the endpoint and gives the value', async (t) => {
  const { url } = await startRpcServer(t, (method, body, req) => {
    assert.equal(body.includes('<param><value><string>größe</string></value></param>'), true)
    return xmlAnswer(`${method} ${req.method} ${req.url} ${req.headers['content-type']}`)
  })
  assert.deepEqual(await call(open(t, { url }), 'a.b', ['größe'], options()), {
    kind: 'value',
    value: 'a.b POST /RPC2 text/xml',
  })
})

test('gives a fault as a result', async (t) => {
  const { url } = await startRpcServer(t, () => xmlFault(6, 'SHUTDOWN_STATE'))
  assert.deepEqual(await call(open(t, { url }), 'a', [], options()), {
    kind: 'fault',
    code: 6,
    message: 'SHUTDOWN_STATE',
  })
})

test('gives any other status as a result', async (t) => {
  const { url } = await startRpcServer(t, (_method, _body, _req, res) => {
    res.writeHead(500).end('<html>')
    return undefined
  })
  assert.deepEqual(await call(open(t, { url }), 'a', [], options()), { kind: 'http-status', status: 500 })
})

test('gives an answer that is no XML-RPC as a result with its place', async (t) => {
  const { url } = await startRpcServer(t, () => '<!DOCTYPE html><html></html>')
  assert.deepEqual(await call(open(t, { url }), 'a', [], options()), {
    kind: 'not-xmlrpc',
    detail: 'line 1, column 15: a document type definition is not allowed',
  })
})

test('refuses an answer of more than 16 MiB, and works again afterwards', async (t) => {
  let large = true
  const { url } = await startRpcServer(t, () => xmlAnswer(large ? 'x'.repeat(17 * 1024 * 1024) : 'small'))
  const peer = open(t, { url })
  assert.deepEqual(await call(peer, 'a', [], options()), {
    kind: 'no-answer',
    code: 'too-large',
    detail: 'the answer is larger than 16777216 bytes',
    began: true,
  })
  large = false
  assert.deepEqual(await call(peer, 'a', [], options()), { kind: 'value', value: 'small' })
})

test('ends at the deadline, and works again afterwards', async (t) => {
  let mute = true
  const { url } = await startRpcServer(t, () => (mute ? undefined : xmlAnswer('again')))
  const peer = open(t, { url })
  const result = await call(peer, 'a', [], { ...options(), timeoutMs: 100 })
  assert.equal(result.kind === 'no-answer' && result.code, 'timeout')
  mute = false
  assert.deepEqual(await call(peer, 'a', [], options()), { kind: 'value', value: 'again' })
})

test('ends by the signal', async (t) => {
  const { url } = await startRpcServer(t, () => undefined)
  const result = await call(open(t, { url }), 'a', [], { ...options(), signal: AbortSignal.timeout(30) })
  assert.deepEqual(result, { kind: 'no-answer', code: 'aborted', detail: 'aborted' })
})

test('refuses params that XML cannot carry as a programming error', async (t) => {
  const peer = open(t, { url: new URL('http://127.0.0.1:1/') })
  await assert.rejects(call(peer, 'a', ['\0'], options()), RangeError)
})

test('a failure of another kind is not swallowed', async () => {
  const peer: Peer = { post: () => Promise.reject(new TypeError('a bug')), close: () => Promise.resolve() }
  await assert.rejects(call(peer, 'a', [], options()), { name: 'TypeError', message: 'a bug' })
})

test('sends basic credentials, non-ASCII ones as UTF-8, and none unless given', async (t) => {
  const { url } = await startRpcServer(t, (_method, _body, req) =>
    xmlAnswer(req.headers.authorization ?? 'none'),
  )
  const given = async (username: string | null, password: string | null) => {
    const result = await call(open(t, { url, username, password }), 'a', [], options())
    assert.equal(result.kind, 'value')
    const [scheme, text = ''] = String((result as { value: unknown }).value).split(' ')
    return [scheme, Buffer.from(text, 'base64').toString()]
  }
  assert.deepEqual(await given('jürgen', 'p:w'), ['Basic', 'jürgen:p:w'])
  assert.deepEqual(await given('u', null), ['Basic', 'u:'])
  assert.deepEqual(await given(null, null), ['none', ''])
})

test('keeps one connection for many calls, side by side too', async (t) => {
  const server = await startRpcServer(t, () => xmlAnswer('x'))
  const peer = open(t, { url: server.url })
  await call(peer, 'a', [], options())
  await Promise.all([1, 2, 3].map(() => call(peer, 'a', [], options())))
  assert.equal(server.connections(), 1)
})

test('opens one connection where the very first calls are made side by side', async (t) => {
  const server = await startRpcServer(t, () => xmlAnswer('x'))
  const peer = open(t, { url: server.url })
  await Promise.all([1, 2, 3].map(() => call(peer, 'a', [], options())))
  assert.equal(server.connections(), 1)
})

test('asks once more at once when a kept-alive connection turns out to be dead', async (t) => {
  let dying = false
  const server = await startRpcServer(t, (_method, _body, req) => {
    if (!dying) return xmlAnswer('x')
    dying = false
    req.socket.resetAndDestroy()
    return undefined
  })
  const peer = open(t, { url: server.url })
  await call(peer, 'a', [], options())
  dying = true
  assert.deepEqual(await call(peer, 'a', [], options()), { kind: 'value', value: 'x' })
  assert.equal(server.connections(), 2)
})

const reset = (socket: Socket) => void socket.resetAndDestroy()

test('does not ask twice what must not be done twice, nor on a new connection, nor after part of an answer', async (t) => {
  let calls = 0
  let death: (socket: Socket) => void = reset
  let dying = false
  const server = await startRpcServer(t, (_method, _body, req) => {
    calls++
    if (!dying) return xmlAnswer('x')
    death(req.socket)
    return undefined
  })
  const dies = async (peer: Peer, idempotent: boolean) => {
    const before = calls
    dying = true
    const result = await call(peer, 'a', [], { ...options(), idempotent })
    dying = false
    assert.equal(result.kind === 'no-answer' && result.code, 'reset')
    assert.equal(calls, before + 1)
  }
  await dies(open(t, { url: server.url }), true)
  const used = open(t, { url: server.url })
  await call(used, 'a', [], options())
  await dies(used, false)
  await call(used, 'a', [], options())
  death = (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc')
  await dies(used, true)
})

test('connects again by itself after the server closed the idle connection', async (t) => {
  const server = await startRpcServer(t, () => xmlAnswer('x'))
  const peer = open(t, { url: server.url })
  await call(peer, 'a', [], options())
  const [socket] = server.sockets
  assert.ok(socket)
  const closed = once(socket, 'close')
  socket.end()
  await closed
  assert.equal((await call(peer, 'a', [], options())).kind, 'value')
  assert.equal(server.connections(), 2)
})

test('tells when the server ends a connection that was kept alive', async (t) => {
  const server = await startRpcServer(t, () => xmlAnswer('x'))
  const told = new EventEmitter()
  const ended = once(told, 'end')
  const peer = open(t, { url: server.url }, () => told.emit('end'))
  await call(peer, 'a', [], options())
  await call(peer, 'a', [], options())
  for (const socket of server.sockets) socket.destroy()
  await ended
})

test('does not tell of connections that it closed itself, nor of servers that close every one', async (t) => {
  let told = 0
  const closing = await startRpcServer(t, (_method, _body, _req, res) => {
    res.setHeader('connection', 'close')
    return xmlAnswer('x')
  })
  const rude = await startRpcServer(t, (_method, _body, req, res) => {
    res.on('finish', () => req.socket.end())
    return xmlAnswer('x')
  })
  const polite = await startRpcServer(t, () => xmlAnswer('x'))
  for (const { url, sockets } of [closing, rude, polite]) {
    const peer = open(t, { url }, () => told++)
    for (let times = 0; times < 3; times++) {
      await call(peer, 'a', [], options())
      if (url !== polite.url) await Promise.all([...sockets].map((socket) => once(socket, 'close')))
    }
    await peer.close()
  }
  assert.equal(told, 0)
})

test('works over a unix socket, names a missing one, and finds it when it appears', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'ksp-peer-'))
  t.after(() => rm(dir, { recursive: true, force: true, maxRetries: 9 }))
  const socketPath = join(dir, 'rpc.sock')
  const peer = open(t, { url: new URL('http://localhost/RPC2'), socketPath })
  assert.deepEqual(await call(peer, 'a', [], options()), {
    kind: 'no-answer',
    code: 'not-found-socket',
    detail: `connect ENOENT ${socketPath}`,
  })
  await startRpcServer(t, () => xmlAnswer('x'), { socketPath })
  assert.deepEqual(await call(peer, 'a', [], options()), { kind: 'value', value: 'x' })
})

test('trusts the given certificate over https, and only that one', async (t) => {
  const { cert, ...tls } = await selfSigned(t)
  const { url } = await startRpcServer(t, () => xmlAnswer('x'), { tls: { cert, ...tls } })
  assert.deepEqual(await call(open(t, { url, ca: cert }), 'a', [], options()), { kind: 'value', value: 'x' })
  const result = await call(open(t, { url }), 'a', [], options())
  assert.equal(result.kind === 'no-answer' && result.code, 'tls')
})

test('a mistake in the caller is not taken for a failure of the server', async (t) => {
  const peer = open(t, { url: new URL('http://127.0.0.1:1/') })
  await assert.rejects(
    async () => call(peer, 'a', [], { ...options(), signal: undefined as never }),
    TypeError,
  )
})

test('close ends what is under way and opens nothing any more', async (t) => {
  const server = await startRpcServer(t, () => undefined)
  const peer = open(t, { url: server.url })
  const underWay = call(peer, 'a', [], options())
  setTimeout(() => void peer.close(), 50)
  assert.equal((await underWay).kind, 'no-answer')
  assert.deepEqual(await call(peer, 'a', [], options()), {
    kind: 'no-answer',
    code: 'aborted',
    detail: 'the connection was closed by us',
  })
  assert.equal(server.connections(), 1)
})
