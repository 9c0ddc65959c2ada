import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { describe, test, type TestContext } from 'node:test'
import { createCertificates } from '../helpers/certificates.ts'
import { freePort } from '../helpers/free-port.ts'
import { pushTo, TOKEN } from '../helpers/push-to.ts'
import { serveHttp } from '../helpers/scripted-server.ts'

const ok: RequestListener = (_, response) => response.end('{"ok":true}')

/** A forward proxy: plain requests are answered in Kuma's place and noted, CONNECT opens a tunnel. */
async function startProxy(t: TestContext, { status = 200 } = {}) {
  const seen: { line: string; authorization: string | undefined }[] = []
  const server = createServer((request, response) => {
    seen.push({
      line: `${request.method} ${request.url}`,
      authorization: request.headers['proxy-authorization'],
    })
    response.writeHead(status).end(status === 200 ? '{"ok":true}' : '')
  })
  server.on('connect', (request, socket) => {
    seen.push({ line: `CONNECT ${request.url}`, authorization: request.headers['proxy-authorization'] })
    socket.on('error', () => undefined)
    if (status !== 200) {
      socket.end(`HTTP/1.1 ${status} No\r\n\r\n`)
      return
    }
    const { hostname, port } = new URL(`http://${request.url}`)
    const upstream = connect(Number(port), hostname, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      upstream.pipe(socket).pipe(upstream)
    })
    upstream.on('error', () => socket.destroy())
    t.after(() => {
      upstream.destroy()
      socket.destroy()
    })
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, seen }
}

describe('a push through an HTTP proxy', () => {
  test('asks the proxy for the whole URL when Kuma is plain http, and names itself with user and password', async (t) => {
    const proxy = await startProxy(t)
    const answer = await pushTo(t, 'http://kuma.invalid:3001', {
      proxy: `http://joe:s%40cret@127.0.0.1:${proxy.port}`,
    })
    assert.equal(answer.kind, 'accepted')
    assert.deepEqual(proxy.seen, [
      {
        line: `GET http://kuma.invalid:3001/api/push/${TOKEN}?status=up&msg=12%20of%2012%20running&ping=3`,
        authorization: `Basic ${btoa('joe:s@cret')}`,
      },
    ])
  })

  test('tunnels when Kuma is https, and checks its certificate with the given authority', async (t) => {
    const { ca, server } = await createCertificates()
    const kuma = await serveHttp(t, ok, { tls: server })
    const proxy = await startProxy(t)
    const options = { proxy: `http://127.0.0.1:${proxy.port}` }
    for (const host of ['127.0.0.1', 'localhost']) {
      const answer = await pushTo(t, `https://${host}:${kuma.port}`, { ...options, ca })
      assert.equal(answer.kind, 'accepted', answer.says)
    }
    assert.equal((await pushTo(t, `https://127.0.0.1:${kuma.port}`, options)).kind, 'tls')
    assert.deepEqual(proxy.seen[0], { line: `CONNECT 127.0.0.1:${kuma.port}`, authorization: undefined })
  })

  test('says that the proxy wants a password', async (t) => {
    const proxy = await startProxy(t, { status: 407 })
    const answer = await pushTo(t, 'http://kuma.invalid:3001', { proxy: `http://127.0.0.1:${proxy.port}` })
    assert.equal(answer.kind, 'unreachable')
    assert.match(
      answer.says,
      new RegExp(`through the proxy http://127\\.0\\.0\\.1:${proxy.port}, cannot be reached \\(.*407`),
    )
  })

  test('says that the proxy opens no tunnel, without the password of its URL', async (t) => {
    for (const status of [403, 407, 502]) {
      const proxy = await startProxy(t, { status })
      const answer = await pushTo(t, 'https://kuma.invalid', {
        proxy: `http://joe:pass-word@127.0.0.1:${proxy.port}`,
      })
      assert.equal(answer.kind, 'unreachable', answer.says)
      assert.match(answer.says, new RegExp(`\\b${status}\\b`))
      assert.doesNotMatch(answer.says, /pass-word/)
    }
  })

  test('says that the proxy refuses connections', async (t) => {
    const port = await freePort()
    for (const url of ['http://kuma.invalid:3001', 'https://kuma.invalid']) {
      const answer = await pushTo(t, url, { proxy: `http://joe:pass-word@127.0.0.1:${port}` })
      assert.equal(answer.kind, 'proxy')
      assert.match(
        answer.says,
        new RegExp(
          `through the proxy http://127\\.0\\.0\\.1:${port}, cannot be reached: the proxy refuses connections; start it`,
        ),
      )
      assert.doesNotMatch(answer.says, /pass-word/)
    }
  })

  test('says that the name of the proxy does not resolve', async (t) => {
    const answer = await pushTo(t, 'http://kuma.invalid:3001', { proxy: 'http://proxy.invalid:3128' })
    assert.equal(answer.kind, 'proxy')
    assert.match(answer.says, /the name of the proxy does not resolve \(.*proxy\.invalid\); correct/)
  })
})
