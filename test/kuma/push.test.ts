import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { connect, type AddressInfo, type LookupFunction, type Socket } from 'node:net'
import { before, describe, test, type TestContext } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { version } from '../../package.json'
import { pushUrl } from '../../src/kuma/push.ts'
import { ConfigError } from '../../src/lib/errors.ts'
import { type Certificates, createCertificates } from '../helpers/certificates.ts'
import { freePort } from '../helpers/free-port.ts'
import { NEVER, openPusher, openTestKuma, pushTo, TOKEN, UP } from '../helpers/push-to.ts'
import { serveHttp, serveTcp } from '../helpers/scripted-server.ts'

const ok: RequestListener = (_, response) => response.end('{"ok":true}')

/** Kuma accepts one push; returns what it got. */
async function received(t: TestContext, path = '', options = {}): Promise<IncomingMessage> {
  const requests: IncomingMessage[] = []
  const { port } = await serveHttp(t, (request, response) => {
    requests.push(request)
    ok(request, response)
  })
  const { kind } = await pushTo(t, `http://127.0.0.1:${port}${path}`, options)
  assert.equal(kind, 'accepted')
  const [request] = requests
  assert.ok(request && requests.length === 1)
  return request
}

describe('a push', () => {
  test('is a GET of status, msg and ping, with a User-Agent that names the version', async (t) => {
    const { method, url, headers } = await received(t)
    assert.equal(method, 'GET')
    assert.equal(url, `/api/push/${TOKEN}?status=up&msg=12%20of%2012%20running&ping=3`)
    assert.equal(headers['user-agent'], `kuma-supervisor-push/${version}`)
  })

  test('carries the headers that a proxy in front of Kuma wants', async (t) => {
    const { headers } = await received(t, '', {
      headers: { 'CF-Access-Client-Id': 'id.access', Authorization: 'Basic eA==' },
    })
    assert.equal(headers['cf-access-client-id'], 'id.access')
    assert.equal(headers.authorization, 'Basic eA==')
  })

  test('keeps a path prefix, and does not mind a trailing slash', async (t) => {
    const { url } = await received(t, '/status/kuma/')
    assert.ok(url?.startsWith(`/status/kuma/api/push/${TOKEN}?status=up`), url)
  })

  test('reaches an IPv6 literal', async (t) => {
    const { port } = await serveHttp(t, ok, { host: '::1' })
    const answer = await pushTo(t, `http://[::1]:${port}`)
    assert.equal(answer.message, `Kuma at http://[::1]:${port} accepted the heartbeat`)
  })

  test('reaches a name whose first address is dead', async (t) => {
    // localhost is ::1 and 127.0.0.1; only one of them listens.
    const { port } = await serveHttp(t, ok, { host: '127.0.0.1' })
    assert.equal((await pushTo(t, `http://localhost:${port}`)).kind, 'accepted')
  })

  test('shows no user and password of the URL', async (t) => {
    const port = await freePort()
    const answer = await pushTo(t, `http://joe:secret-word@127.0.0.1:${port}/`)
    assert.match(answer.message, new RegExp(`^Kuma at http://127\\.0\\.0\\.1:${port} refuses`))
  })

  test('keeps its connection open for the next one', async (t) => {
    const server = await serveHttp(t, ok)
    const pusher = await openPusher(t, `http://127.0.0.1:${server.port}`)
    for (let i = 0; i < 5; i += 1) {
      assert.equal((await pusher.push(UP, false, NEVER)).kind, 'accepted')
      // The connection is free again a moment after its answer.
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    assert.equal(server.connections, 1)
  })

  test('leaves a connection behind which there is no Kuma, without ending what else is under way', async (t) => {
    const held: ServerResponse[] = []
    const statusOf = new Map<Socket, number>()
    // Each connection has a backend of its own, as behind a balancer: only the first one is bad.
    const { port } = await serveHttp(t, (request, response) => {
      const status = statusOf.get(request.socket) ?? (statusOf.size === 0 ? 502 : 200)
      statusOf.set(request.socket, status)
      if (request.url?.includes('hangs')) held.push(response)
      else response.writeHead(status).end(`{"ok":${status === 200}}`)
    })
    const pusher = await openPusher(t, `http://127.0.0.1:${port}`)
    const first = pusher.push(UP, false, NEVER)
    const hanging = pusher.push({ ...UP, msg: 'hangs' }, false, NEVER)
    assert.equal((await first).kind, 'busy')
    for (let i = 0; i < 3; i += 1) assert.equal((await pusher.push(UP, false, NEVER)).kind, 'accepted')
    while (held.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    for (const response of held) response.end('{"ok":true}')
    assert.equal((await hanging).kind, 'accepted')
  })

  test('waits for no other push: each has a connection', async (t) => {
    const held: ServerResponse[] = []
    const { port } = await serveHttp(t, (request, response) => {
      if (request.url?.includes('hangs')) held.push(response)
      else ok(request, response)
    })
    const pusher = await openPusher(t, `http://127.0.0.1:${port}`)
    const hanging = Array.from({ length: 20 }, () => pusher.push({ ...UP, msg: 'hangs' }, false, NEVER))
    assert.equal((await pusher.push(UP, false, NEVER)).kind, 'accepted')
    while (held.length < hanging.length) await new Promise((resolve) => setTimeout(resolve, 5))
    for (const response of held) response.end('{"ok":true}')
    assert.deepEqual(new Set((await Promise.all(hanging)).map(({ kind }) => kind)), new Set(['accepted']))
  })

  test('survives that Kuma restarted and closed the idle connection', async (t) => {
    const first = await serveHttp(t, ok)
    const pusher = await openPusher(t, `http://127.0.0.1:${first.port}`)
    assert.equal((await pusher.push(UP, false, NEVER)).kind, 'accepted')
    await first.stop()
    assert.equal((await pusher.push(UP, false, NEVER)).kind, 'refused')
    await serveHttp(t, ok, { port: first.port })
    assert.equal((await pusher.push(UP, false, NEVER)).kind, 'accepted')
  })
})

const TARGET = { baseUrl: 'http://h:3001', token: 'AWbUXTosJG' }

describe('the ping of a push URL', () => {
  const TABLE: [number | null, string | null][] = [
    [12, '12'],
    [12.6, '13'],
    [0.2, '1'],
    [0, null],
    [-1, null],
    [NaN, null],
    [Infinity, null],
    [null, null],
  ]
  for (const [ping, expected] of TABLE) {
    test(`of ${ping} ms is ${expected ?? 'left out'}`, () => {
      assert.equal(pushUrl(TARGET, { status: 'up', msg: 'x', ping }).searchParams.get('ping'), expected)
    })
  }
})

function msg(text: string): string | null {
  return pushUrl(TARGET, { status: 'down', msg: text, ping: null }).searchParams.get('msg')
}

describe('the message of a push URL', () => {
  test('arrives as it is when it is one line of at most 250 characters', () => {
    for (const text of ['a&b=c#d?e%41+f "g"', '🔴'.repeat(250), 'Müller · 東京'])
      assert.equal(msg(text), text)
  })

  test('is cut at a whole character', () => {
    assert.equal(msg('🔴'.repeat(251)), `${'🔴'.repeat(249)}…`)
  })

  test('has no control characters, line ends or half characters', () => {
    assert.equal(msg('\u001B[1ma\r\n\u2028b\u0000\u0085c\uDC00\n'), '[1ma b c\uFFFD')
  })
})

test('a push URL keeps the path of the base URL and drops its query', () => {
  const url = pushUrl({ ...TARGET, baseUrl: 'https://h/kuma//?a=b#c' }, { status: 'up', msg: '', ping: null })
  assert.equal(url.href, 'https://h/kuma/api/push/AWbUXTosJG?status=up&msg=')
})

/** A resolver that knows one name, whose addresses the test chooses. */
function resolver(addresses: () => string[]): LookupFunction & { asked: number } {
  const lookup = Object.assign(
    (...[, options, callback]: Parameters<LookupFunction>) => {
      lookup.asked += 1
      const found = addresses().map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
      if (options.all === true) callback(null, found)
      else callback(null, found[0]?.address ?? '', found[0]?.family)
    },
    { asked: 0 },
  )
  return lookup
}

describe('a push to a name', () => {
  test('reaches the family of addresses that works, whichever is dead', async (t) => {
    // 192.0.2.0/24 and 100::/64 are nobody's: packets there are lost, or there is no route.
    for (const [listens, dead] of [
      ['127.0.0.1', '100::1'],
      ['::1', '192.0.2.1'],
    ] as const) {
      const { port } = await serveHttp(t, ok, { host: listens })
      const lookup = resolver(() => [dead, listens])
      assert.equal((await pushTo(t, `http://kuma.test:${port}`, { lookup })).kind, 'accepted')
    }
  })

  test('follows its DNS when Kuma moves', async (t) => {
    const first = await serveHttp(t, ok)
    const second = await serveHttp(t, ok, { host: '127.0.0.2', port: first.port })
    let address = '127.0.0.1'
    const lookup = resolver(() => [address])
    const pusher = await openPusher(t, `http://kuma.test:${first.port}`, { lookup })
    assert.equal((await pusher.push(UP, false, NEVER)).kind, 'accepted')
    address = '127.0.0.2'
    await first.stop()
    let answer = await pusher.push(UP, false, NEVER)
    if (answer.kind === 'reset') answer = await pusher.push(UP, false, NEVER)
    assert.equal(answer.kind, 'accepted')
    assert.equal(second.connections, 1)
    assert.equal(lookup.asked, 2)
  })
})

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
      assert.equal(answer.kind, 'accepted', answer.message)
    }
    assert.equal((await pushTo(t, `https://127.0.0.1:${kuma.port}`, options)).kind, 'tls')
    assert.deepEqual(proxy.seen[0], { line: `CONNECT 127.0.0.1:${kuma.port}`, authorization: undefined })
  })

  test('says that the proxy wants a password', async (t) => {
    const proxy = await startProxy(t, { status: 407 })
    const answer = await pushTo(t, 'http://kuma.invalid:3001', { proxy: `http://127.0.0.1:${proxy.port}` })
    assert.equal(answer.kind, 'unreachable')
    assert.match(
      answer.message,
      new RegExp(`through the proxy http://127\\.0\\.0\\.1:${proxy.port}, cannot be reached \\(.*407`),
    )
  })

  test('says that the proxy opens no tunnel, without the password of its URL', async (t) => {
    for (const status of [403, 407, 502]) {
      const proxy = await startProxy(t, { status })
      const answer = await pushTo(t, 'https://kuma.invalid', {
        proxy: `http://joe:pass-word@127.0.0.1:${proxy.port}`,
      })
      assert.equal(answer.kind, 'unreachable', answer.message)
      assert.match(answer.message, new RegExp(`\\b${status}\\b`))
      assert.doesNotMatch(answer.message, /pass-word/)
    }
  })

  test('says that the proxy refuses connections', async (t) => {
    const port = await freePort()
    for (const url of ['http://kuma.invalid:3001', 'https://kuma.invalid']) {
      const answer = await pushTo(t, url, { proxy: `http://joe:pass-word@127.0.0.1:${port}` })
      assert.equal(answer.kind, 'proxy')
      assert.match(
        answer.message,
        new RegExp(
          `through the proxy http://127\\.0\\.0\\.1:${port}, cannot be reached: the proxy refuses connections; start it`,
        ),
      )
      assert.doesNotMatch(answer.message, /pass-word/)
    }
  })

  test('says that the name of the proxy does not resolve', async (t) => {
    const answer = await pushTo(t, 'http://kuma.invalid:3001', { proxy: 'http://proxy.invalid:3128' })
    assert.equal(answer.kind, 'proxy')
    assert.match(answer.message, /the name of the proxy does not resolve \(.*proxy\.invalid\); correct/)
  })
})

describe('a push over https', () => {
  let certificates: Certificates
  before(async () => {
    certificates = await createCertificates()
  })

  test('is accepted when the private authority is given', async (t) => {
    const { ca, server } = certificates
    const { port } = await serveHttp(t, ok, { tls: server })
    assert.equal((await pushTo(t, `https://127.0.0.1:${port}`, { ca })).kind, 'accepted')
    assert.equal((await pushTo(t, `https://localhost:${port}`, { ca })).kind, 'accepted')
  })

  test('does not trust a private authority that it was not given, and says where to give it', async (t) => {
    const { port } = await serveHttp(t, ok, { tls: certificates.server })
    const answer = await pushTo(t, `https://127.0.0.1:${port}`)
    assert.equal(answer.kind, 'tls')
    assert.equal(answer.retry, 'slow')
    assert.match(
      answer.message,
      /cannot be trusted, or wants a certificate \(unable to .* certificate.*\): give its CA as ca_file/,
    )
  })

  test('is accepted from anybody when that was asked for', async (t) => {
    for (const tls of [
      certificates.server,
      certificates.foreign,
      certificates.expired,
      certificates.selfSigned,
    ]) {
      const { port } = await serveHttp(t, ok, { tls })
      assert.equal((await pushTo(t, `https://127.0.0.1:${port}`, { insecure: true })).kind, 'accepted')
    }
  })

  test('trusts a self-signed certificate that is given as its own authority', async (t) => {
    const { selfSigned } = certificates
    const { port } = await serveHttp(t, ok, { tls: selfSigned })
    assert.equal((await pushTo(t, `https://127.0.0.1:${port}`, { ca: selfSigned.cert })).kind, 'accepted')
    assert.equal((await pushTo(t, `https://127.0.0.1:${port}`)).kind, 'tls')
  })

  test("refuses a certificate for another host's name", async (t) => {
    const { ca, foreign } = certificates
    const { port } = await serveHttp(t, ok, { tls: foreign })
    const answer = await pushTo(t, `https://127.0.0.1:${port}`, { ca })
    assert.equal(answer.kind, 'certificate')
    assert.match(answer.message, /IP: 127\.0\.0\.1 is not in the cert's list.*: set the URL to a name /)
  })

  test('refuses a certificate whose time is over', async (t) => {
    const { ca, expired } = certificates
    const { port } = await serveHttp(t, ok, { tls: expired })
    const answer = await pushTo(t, `https://127.0.0.1:${port}`, { ca })
    assert.equal(answer.kind, 'certificate')
    assert.match(answer.message, /\(certificate has expired\): renew its certificate, /)
  })

  test('shows its client certificate where one is wanted', async (t) => {
    const { ca, server, client } = certificates
    const shown: unknown[] = []
    const { port } = await serveHttp(
      t,
      (request, response) => {
        shown.push((request.socket as TLSSocket).getPeerCertificate().subject.CN)
        ok(request, response)
      },
      { tls: { ...server, ca, requestCert: true, rejectUnauthorized: true } },
    )
    const url = `https://127.0.0.1:${port}`
    const accepted = await pushTo(t, url, { ca, clientCert: client.cert, clientKey: client.key })
    assert.equal(accepted.kind, 'accepted')
    assert.deepEqual(shown, ['client'])
    assert.notEqual((await pushTo(t, url, { ca })).kind, 'accepted')
  })

  test('says so when the other side speaks plain HTTP', async (t) => {
    const { port } = await serveHttp(t, ok)
    const answer = await pushTo(t, `https://127.0.0.1:${port}`)
    assert.equal(answer.kind, 'no-tls')
    assert.match(answer.message, /speaks no TLS: correct https:\/\/ or the port of the URL$/)
  })

  test('is not accepted when a TLS handshake never ends', async (t) => {
    const { port } = await serveTcp(t, () => undefined)
    const answer = await pushTo(t, `https://127.0.0.1:${port}`, { timeoutMs: 300 })
    assert.equal(answer.kind, 'unreachable')
    assert.equal(answer.retry, 'quick')
  })

  test('follows the redirect from http of a proxy, and never one back to http', async (t) => {
    const { ca, server } = certificates
    const secure = await serveHttp(t, ok, { tls: server })
    const { port } = await serveHttp(t, (request, response) => {
      response.writeHead(301, { location: `https://127.0.0.1:${secure.port}${request.url}` }).end()
    })
    assert.equal((await pushTo(t, `http://127.0.0.1:${port}`, { ca })).kind, 'accepted')

    const back = await serveHttp(
      t,
      (request, response) => {
        response.writeHead(301, { location: `http://127.0.0.1:${port}${request.url}` }).end()
      },
      { tls: server },
    )
    const answer = await pushTo(t, `https://127.0.0.1:${back.port}`, { ca })
    assert.equal(answer.kind, 'redirect')
    assert.match(
      answer.message,
      /a redirect to http:\/\/, not followed since the token would travel in the open/,
    )
  })

  test('is a configuration error when certificate or key are no PEM, or do not belong together', async (t) => {
    const { server, client } = certificates
    const wrong = [
      { ca: 'not a certificate' },
      { clientCert: 'nonsense', clientKey: client.key },
      { clientCert: client.cert, clientKey: 'nonsense' },
      { clientCert: client.cert, clientKey: server.key },
    ]
    for (const options of wrong) {
      await assert.rejects(openPusher(t, 'https://127.0.0.1', options), (error) => {
        assert.ok(error instanceof ConfigError)
        assert.match(
          error.message,
          /^kuma: the contents of ca_file, client_cert_file or client_key_file cannot be used \(/,
        )
        return true
      })
    }
  })
})

for (const status of [404, 500]) {
  test(`a probe knows Kuma by its ${status}, tells its clock, and never uses the token`, async (t) => {
    const asked: string[] = []
    const { port } = await serveHttp(t, ({ url = '' }, response) => {
      asked.push(url)
      response.setHeader('date', 'Sat, 21 Nov 2026 06:00:00 GMT')
      response.writeHead(status).end('{"ok":false,"msg":"Monitor not found or not active."}')
    })
    const url = `http://127.0.0.1:${port}/kuma`
    const kuma = await openTestKuma(t, url)
    const target = { kuma: 'kuma', baseUrl: url, token: TOKEN, proxy: null }
    const { answer, dateMs } = await kuma.probe(target, NEVER)
    assert.equal(answer.kind, 'unknown-monitor')
    assert.equal(dateMs, Date.UTC(2026, 10, 21, 6))
    assert.equal(asked.length, 1)
    // A hyphen is in no token of Kuma's.
    assert.match(asked[0] ?? '', /^\/kuma\/api\/push\/[a-z]+-[a-z-]+\?status=up/)
  })
}
