import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { Connection, type Address } from '../../../src/collect/supervisor/connection.ts'
import { nothingEscapes } from '../../helpers/nothing-escapes.ts'
import { selfSigned } from '../../helpers/self-signed.ts'
import { startRpcServer, xmlAnswer, xmlFault } from '../../helpers/rpc-server.ts'

nothingEscapes()

interface Given extends Partial<Omit<Address, 'url'>> {
  url: URL | string
  caFile?: string
}

function open(t: TestContext, { url, caFile, ...login }: Given, notify = () => {}): Connection {
  const address = { username: null, password: null, ...login, url: String(url) }
  const connection = new Connection(address, caFile ?? null, performance, { notify })
  t.after(() => connection.close())
  return connection
}

const within = (ms = 10_000) => ({
  signal: new AbortController().signal,
  deadlineMs: performance.now() + ms,
})

test('posts the call to the endpoint and gives the value', async (t) => {
  const { url } = await startRpcServer(t, (method, body, req) => {
    assert.equal(body.includes('<param><value><string>größe</string></value></param>'), true)
    return xmlAnswer(`${method} ${req.method} ${req.url} ${req.headers['content-type']}`)
  })
  assert.deepEqual(await open(t, { url }).call('a.b', ['größe'], within()), {
    kind: 'value',
    value: 'a.b POST /RPC2 text/xml',
  })
})

test('gives a fault as a result', async (t) => {
  const { url } = await startRpcServer(t, () => xmlFault(6, 'SHUTDOWN_STATE'))
  assert.deepEqual(await open(t, { url }).call('a', [], within()), {
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
  assert.deepEqual(await open(t, { url }).call('a', [], within()), { kind: 'http-status', status: 500 })
})

test('gives an answer that is no XML-RPC as a result with its place', async (t) => {
  const { url } = await startRpcServer(t, () => '<!DOCTYPE html><html></html>')
  assert.deepEqual(await open(t, { url }).call('a', [], within()), {
    kind: 'not-xmlrpc',
    detail: 'line 1, column 15: a document type definition is not allowed',
  })
})

test('refuses an answer of more than 16 MiB, and works again afterwards', async (t) => {
  let large = true
  const { url } = await startRpcServer(t, () => xmlAnswer(large ? 'x'.repeat(17 * 1024 * 1024) : 'small'))
  const connection = open(t, { url })
  assert.deepEqual(await connection.call('a', [], within()), {
    kind: 'no-answer',
    code: 'too-large',
    detail: 'the answer is larger than 16777216 bytes',
    began: true,
  })
  large = false
  assert.deepEqual(await connection.call('a', [], within()), { kind: 'value', value: 'small' })
})

test('ends at the deadline, and works again afterwards', async (t) => {
  let mute = true
  const { url } = await startRpcServer(t, () => (mute ? undefined : xmlAnswer('again')))
  const connection = open(t, { url })
  const result = await connection.call('a', [], within(100))
  assert.equal(result.kind === 'no-answer' && result.code, 'timeout')
  mute = false
  assert.deepEqual(await connection.call('a', [], within()), { kind: 'value', value: 'again' })
})

test('ends by the signal', async (t) => {
  const { url } = await startRpcServer(t, () => undefined)
  const result = await open(t, { url }).call('a', [], { ...within(), signal: AbortSignal.timeout(30) })
  assert.deepEqual(result, { kind: 'no-answer', code: 'aborted', detail: 'aborted' })
})

test('refuses params that XML cannot carry as a programming error', async (t) => {
  const connection = open(t, { url: new URL('http://127.0.0.1:1/') })
  await assert.rejects(connection.call('a', ['\0'], within()), RangeError)
})

test('sends basic credentials, non-ASCII ones as UTF-8, and none unless given', async (t) => {
  const { url } = await startRpcServer(t, (_method, _body, req) =>
    xmlAnswer(req.headers.authorization ?? 'none'),
  )
  const given = async (username: string | null, password: string | null) => {
    const result = await open(t, { url, username, password }).call('a', [], within())
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
  const connection = open(t, { url: server.url })
  await connection.call('a', [], within())
  await Promise.all([1, 2, 3].map(() => connection.call('a', [], within())))
  assert.equal(server.connections(), 1)
})

test('opens one connection where the very first calls are made side by side', async (t) => {
  const server = await startRpcServer(t, () => xmlAnswer('x'))
  const connection = open(t, { url: server.url })
  await Promise.all([1, 2, 3].map(() => connection.call('a', [], within())))
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
  const connection = open(t, { url: server.url })
  await connection.call('a', [], within())
  dying = true
  assert.deepEqual(await connection.call('a', [], within()), { kind: 'value', value: 'x' })
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
  const dies = async (connection: Connection, isRepeatable: boolean) => {
    const before = calls
    dying = true
    const result = await connection.call('a', [], { ...within(), isRepeatable })
    dying = false
    assert.equal(result.kind === 'no-answer' && result.code, 'reset')
    assert.equal(calls, before + 1)
  }
  await dies(open(t, { url: server.url }), true)
  const used = open(t, { url: server.url })
  await used.call('a', [], within())
  await dies(used, false)
  await used.call('a', [], within())
  death = (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc')
  await dies(used, true)
})

test('connects again by itself after the server closed the idle connection', async (t) => {
  const server = await startRpcServer(t, () => xmlAnswer('x'))
  const connection = open(t, { url: server.url })
  await connection.call('a', [], within())
  const [socket] = server.sockets
  assert.ok(socket)
  const closed = once(socket, 'close')
  socket.end()
  await closed
  assert.equal((await connection.call('a', [], within())).kind, 'value')
  assert.equal(server.connections(), 2)
})

test('tells when the server ends a connection that was kept alive', async (t) => {
  const server = await startRpcServer(t, () => xmlAnswer('x'))
  const told = new EventEmitter()
  const ended = once(told, 'end')
  const connection = open(t, { url: server.url }, () => told.emit('end'))
  await connection.call('a', [], within())
  await connection.call('a', [], within())
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
    const connection = open(t, { url }, () => told++)
    for (let times = 0; times < 3; times++) {
      await connection.call('a', [], within())
      if (url !== polite.url) await Promise.all([...sockets].map((socket) => once(socket, 'close')))
    }
    await connection.close()
  }
  assert.equal(told, 0)
})

test('works over a unix socket, names a missing one, and finds it when it appears', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'ksp-connection-'))
  t.after(() => rm(dir, { recursive: true, force: true, maxRetries: 9 }))
  const socketPath = join(dir, 'rpc.sock')
  const connection = open(t, { url: `unix://${socketPath}` })
  assert.deepEqual(await connection.call('a', [], within()), {
    kind: 'no-answer',
    code: 'not-found-socket',
    detail: `connect ENOENT ${socketPath}`,
  })
  assert.deepEqual([connection.isLocal(), await connection.isSocketMissing()], [true, true])
  await startRpcServer(t, () => xmlAnswer('x'), { socketPath })
  assert.equal(await connection.isSocketMissing(), false)
  assert.deepEqual(await connection.call('a', [], within()), { kind: 'value', value: 'x' })
})

test('trusts the given certificate over https, and only that one', async (t) => {
  const { certFile, ...tls } = await selfSigned(t)
  const { url } = await startRpcServer(t, () => xmlAnswer('x'), { tls })
  assert.deepEqual(await open(t, { url, caFile: certFile }).call('a', [], within()), {
    kind: 'value',
    value: 'x',
  })
  const result = await open(t, { url }).call('a', [], within())
  assert.equal(result.kind === 'no-answer' && result.code, 'tls')
})

test('a mistake in the caller is not taken for a failure of the server', async (t) => {
  const connection = open(t, { url: new URL('http://127.0.0.1:1/') })
  await assert.rejects(
    async () => connection.call('a', [], { ...within(), signal: undefined as never }),
    TypeError,
  )
})

test('close ends what is under way and opens nothing any more', async (t) => {
  const server = await startRpcServer(t, () => undefined)
  const connection = open(t, { url: server.url })
  const underWay = connection.call('a', [], within())
  setTimeout(() => void connection.close(), 50)
  assert.equal((await underWay).kind, 'no-answer')
  assert.deepEqual(await connection.call('a', [], within()), {
    kind: 'no-answer',
    code: 'aborted',
    detail: 'the connection was closed by us',
  })
  assert.equal(server.connections(), 1)
})
