import assert from 'node:assert/strict'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { describe, test, type TestContext } from 'node:test'
import type { PushAnswer } from '../../src/kuma/push-answer.ts'
import { freePort } from '../helpers/free-port.ts'
import { openPusher, pushTo, TOKEN, UP } from '../helpers/push-to.ts'
import { serveHttp, serveTcp } from '../helpers/scripted-server.ts'

const never = new AbortController().signal

function json(
  response: ServerResponse,
  status: number,
  value: unknown,
  headers: Record<string, string> = {},
) {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers })
  response.end(JSON.stringify(value))
}

const ok: RequestListener = (_, response) => json(response, 200, { ok: true })

/** Kuma's own answer for a wrong token or ping. */
const refusal =
  (msg: string): RequestListener =>
  (_, response) =>
    json(response, 404, { ok: false, msg })

const page =
  (
    status: number,
    text = '<!DOCTYPE html><html><body>Cannot GET</body></html>',
    headers = {},
  ): RequestListener =>
  (_, response) =>
    response.writeHead(status, { 'content-type': 'text/html', ...headers }).end(text)

interface Row {
  is: string
  answers: RequestListener
  kind: PushAnswer['kind']
  retry: PushAnswer['retry']
  says: RegExp
  retryAfterMs?: number
}

const TABLE: Row[] = [
  { is: '200 {"ok":true}', answers: ok, kind: 'accepted', retry: 'none', says: /accepted the heartbeat$/ },
  {
    is: '200 {"ok":true} with more in it',
    answers: (_, response) => json(response, 200, { ok: true, msg: 'maintenance' }),
    kind: 'accepted',
    retry: 'none',
    says: /accepted/,
  },
  {
    is: '200 with a page',
    answers: page(200, '<html>Uptime Kuma</html>'),
    kind: 'not-kuma',
    retry: 'none',
    says: /answered 200 with something else than JSON: that is not Kuma's push API; check the path of the URL/,
  },
  {
    is: '200 and nothing',
    answers: page(200, ''),
    kind: 'not-kuma',
    retry: 'none',
    says: /something else than JSON/,
  },
  {
    is: '200 with half of the JSON',
    answers: page(200, '{"ok":tr'),
    kind: 'not-kuma',
    retry: 'none',
    says: /something else than JSON/,
  },
  ...['null', 'true', '[]', '{}', '{"ok":1}', '{"ok":"true"}', '"ok"', '{"msg":"ok"}'].map((body): Row => ({
    is: `200 ${body}`,
    answers: page(200, body),
    kind: 'not-kuma',
    retry: 'none',
    says: /JSON without "ok":true/,
  })),
  {
    is: '200 {"ok":false} with a reason',
    answers: (_, response) => json(response, 200, { ok: false, msg: 'set-up needed' }),
    kind: 'not-kuma',
    retry: 'none',
    says: /JSON without "ok":true "set-up needed"/,
  },
  {
    is: '204',
    answers: page(204, ''),
    kind: 'not-kuma',
    retry: 'none',
    says: /answered 204, which Kuma's push API/,
  },
  {
    is: '404 for an unknown token',
    answers: refusal('Monitor not found or not active.'),
    kind: 'unknown-monitor',
    retry: 'none',
    says: /answered 404 "Monitor not found or not active\.": token AWb… is unknown there, or its monitor is paused or deleted/,
  },
  {
    is: '404 for the ping',
    answers: refusal('Invalid ping value. Must be between 0 and 100000000000 ms.'),
    kind: 'bad-ping',
    retry: 'none',
    says: /"Invalid ping value\..*please report it/,
  },
  {
    is: '404 for a busy database',
    answers: refusal('update `monitor` set x - SQLITE_BUSY: database is locked'),
    kind: 'passing-error',
    retry: 'quick',
    says: /SQLITE_BUSY: database is locked": its database is busy/,
  },
  {
    is: '404 with a page',
    answers: page(404),
    kind: 'migrating',
    retry: 'slow',
    says: /answered 404 without Kuma's own words: Kuma is upgrading its database, the path of the URL is wrong, or/,
  },
  {
    is: "404 with somebody else's JSON",
    answers: (_, response) => json(response, 404, { error: 'no such route' }),
    kind: 'migrating',
    retry: 'slow',
    says: /another program listens there/,
  },
  {
    is: '431',
    answers: page(431, ''),
    kind: 'too-long',
    retry: 'none',
    says: /answered 431 \(URL and headers too long\)/,
  },
  { is: '414', answers: page(414), kind: 'too-long', retry: 'none', says: /answered 414 \(URL/ },
  {
    is: '401',
    answers: page(401),
    kind: 'denied',
    retry: 'none',
    says: /answered 401: a proxy in front of Kuma refuses/,
  },
  {
    is: '403',
    answers: page(403),
    kind: 'denied',
    retry: 'none',
    says: /answered 403:.*headers under \[kuma\]/,
  },
  {
    is: '400',
    answers: page(400),
    kind: 'not-kuma',
    retry: 'none',
    says: /answered 400, which .* never does; check the URL/,
  },
  {
    is: '429 with Retry-After in seconds',
    answers: page(429, '', { 'retry-after': '7' }),
    kind: 'busy',
    retry: 'quick',
    says: /answered 429: too many requests/,
    retryAfterMs: 7000,
  },
  {
    is: '503 with Retry-After as a date',
    answers: page(503, '', {
      date: 'Sat, 21 Nov 2026 05:00:00 GMT',
      'retry-after': 'Sat, 21 Nov 2026 05:00:09 GMT',
    }),
    kind: 'busy',
    retry: 'quick',
    says: /answered 503: Kuma is overloaded or restarting behind its proxy/,
    retryAfterMs: 9000,
  },
  { is: '502', answers: page(502), kind: 'busy', retry: 'quick', says: /answered 502/ },
  { is: '504', answers: page(504), kind: 'busy', retry: 'quick', says: /answered 504/ },
  { is: '500', answers: page(500), kind: 'busy', retry: 'quick', says: /answered 500/ },
  {
    is: '200 with more than 64 KiB',
    answers: page(200, `{"ok":true,"x":"${'x'.repeat(70_000)}"}`),
    kind: 'not-kuma',
    retry: 'none',
    says: /something else than JSON/,
  },
  {
    is: '403 with more than 64 KiB',
    answers: page(403, 'x'.repeat(70_000)),
    kind: 'denied',
    retry: 'none',
    says: /403/,
  },
  {
    is: '304',
    answers: (_, response) => response.writeHead(304).end(),
    kind: 'not-kuma',
    retry: 'none',
    says: /answered 304, which/,
  },
]

describe('an answer is', () => {
  for (const { is, answers, kind, retry, says, retryAfterMs } of TABLE) {
    test(`${is}: ${kind}`, async (t) => {
      const { port } = await serveHttp(t, answers)
      const answer = await pushTo(t, `http://127.0.0.1:${port}`)
      assert.equal(answer.kind, kind, answer.says)
      assert.equal(answer.retry, retry)
      assert.equal(answer.retryAfterMs, retryAfterMs ?? null)
      assert.match(answer.says, says)
      assert.ok(answer.says.startsWith(`Kuma at http://127.0.0.1:${port} `), answer.says)
    })
  }

  test('foreign text that is quoted: one short line without the token', async (t) => {
    const { port } = await serveHttp(t, (request, response) =>
      json(response, 404, { ok: false, msg: `bad\r\n\u001B[31m ${request.url}\u2028${'ü'.repeat(500)}` }),
    )
    const answer = await pushTo(t, `http://127.0.0.1:${port}`)
    assert.equal(answer.kind, 'passing-error')
    assert.match(
      answer.says,
      /"bad \[31m \/api\/push\/AWb…\?status=up&msg=12%20of%2012%20running&ping=3 ü+…"/,
    )
    assert.ok(answer.says.length < 300)
  })
})

for (const isOneShot of [false, true]) {
  describe(`no answer to ${isOneShot ? 'a one-shot' : 'the service'}, because the other side`, () => {
    test('refuses: the next try is quick', async (t) => {
      const port = await freePort()
      const answer = await pushTo(t, `http://127.0.0.1:${port}`, { isOneShot })
      assert.equal(answer.kind, 'refused')
      assert.equal(answer.retry, 'quick')
      assert.equal(
        answer.says,
        `Kuma at http://127.0.0.1:${port} refuses connections: it is not running there, or host or port are wrong`,
      )
    })

    test('resets the connection: the next try is quick', async (t) => {
      const { port } = await serveTcp(t, (socket) => socket.once('data', () => socket.resetAndDestroy()))
      const answer = await pushTo(t, `http://127.0.0.1:${port}`, { isOneShot })
      assert.equal(answer.kind, 'reset')
      assert.equal(answer.retry, 'quick')
    })

    test('hangs up in the middle of its answer, which is no success though it began with 200', async (t) => {
      const { port } = await serveTcp(t, (socket) => {
        socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n{"ok":'))
      })
      assert.equal((await pushTo(t, `http://127.0.0.1:${port}`, { isOneShot })).kind, 'reset')
    })

    test('never answers: the beat may be recorded later, so there is no second try', async (t) => {
      const { port } = await serveHttp(t, () => undefined)
      const answer = await pushTo(t, `http://127.0.0.1:${port}`, { isOneShot, timeoutMs: 1000 })
      assert.equal(answer.kind, 'timeout')
      assert.equal(answer.retry, 'none')
      assert.match(answer.says, /did not answer within 1000 ms and may record the heartbeat later/)
    })

    test('does not answer a heartbeat that repeats what it knows: after a shorter time it is tried again at once', async (t) => {
      const { port } = await serveHttp(t, () => undefined)
      const pusher = await openPusher(t, `http://127.0.0.1:${port}`, { isOneShot, repeatTimeoutMs: 1000 })
      const answer = await pusher.push(UP, new AbortController().signal, true)
      assert.equal(answer.kind, 'timeout')
      assert.equal(answer.retry, 'at-once')
      assert.match(answer.says, /did not answer within 1000 ms/)
    })

    test('drips its answer so slowly that only the total deadline ends it', async (t) => {
      const { port } = await serveHttp(t, (_, response) => {
        response.writeHead(200, { 'content-type': 'application/json' })
        const drip = setInterval(() => response.write(' '), 50)
        response.on('close', () => clearInterval(drip))
      })
      assert.equal(
        (await pushTo(t, `http://127.0.0.1:${port}`, { isOneShot, timeoutMs: 1000 })).kind,
        'timeout',
      )
    })

    test('sends headers without end', async (t) => {
      const { port } = await serveHttp(t, (_, response) => {
        response.writeHead(200, { 'x-long': 'x'.repeat(100_000) }).end('{"ok":true}')
      })
      const answer = await pushTo(t, `http://127.0.0.1:${port}`, { isOneShot })
      assert.equal(answer.kind, 'not-kuma')
      assert.match(answer.says, /answered with more headers than Kuma has; check the URL$/)
    })

    test('does not speak HTTP', async (t) => {
      const { port } = await serveTcp(t, (socket) =>
        socket.once('data', () => socket.end('SSH-2.0-OpenSSH_9.2\r\n')),
      )
      const answer = await pushTo(t, `http://127.0.0.1:${port}`, { isOneShot })
      assert.equal(answer.kind, 'not-kuma')
      assert.match(answer.says, /does not speak HTTP/)
    })

    test('has a name that does not resolve', async (t) => {
      const answer = await pushTo(t, 'http://kuma.invalid:3001', { isOneShot })
      assert.equal(answer.kind, 'dns')
      assert.equal(answer.retry, 'quick')
      assert.match(
        answer.says,
        /^Kuma at http:\/\/kuma\.invalid:3001 cannot be reached, its name does not resolve/,
      )
    })

    test('was not asked any more: the agent stops', async (t) => {
      const stop = new AbortController()
      const { port } = await serveHttp(t, () => {
        stop.abort()
      })
      assert.equal(
        (await pushTo(t, `http://127.0.0.1:${port}`, { isOneShot, signal: stop.signal })).kind,
        'aborted',
      )
    })
  })
}

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
    assert.equal(headers['user-agent'], 'kuma-supervisor-push/1.2.3')
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
    assert.equal(answer.says, `Kuma at http://[::1]:${port} accepted the heartbeat`)
  })

  test('reaches a name whose first address is dead', async (t) => {
    // localhost is ::1 and 127.0.0.1; only one of them listens.
    const { port } = await serveHttp(t, ok, { host: '127.0.0.1' })
    assert.equal((await pushTo(t, `http://localhost:${port}`)).kind, 'accepted')
  })

  test('shows no user and password of the URL', async (t) => {
    const port = await freePort()
    const answer = await pushTo(t, `http://joe:secret-word@127.0.0.1:${port}/`)
    assert.match(answer.says, new RegExp(`^Kuma at http://127\\.0\\.0\\.1:${port} refuses`))
  })

  test('keeps its connection open for the next one', async (t) => {
    const server = await serveHttp(t, ok)
    const pusher = await openPusher(t, `http://127.0.0.1:${server.port}`)
    for (let i = 0; i < 5; i += 1) {
      assert.equal((await pusher.push(UP, never)).kind, 'accepted')
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
      else json(response, status, { ok: status === 200 })
    })
    const pusher = await openPusher(t, `http://127.0.0.1:${port}`)
    const first = pusher.push(UP, never)
    const hanging = pusher.push({ ...UP, msg: 'hangs' }, never)
    assert.equal((await first).kind, 'busy')
    for (let i = 0; i < 3; i += 1) assert.equal((await pusher.push(UP, never)).kind, 'accepted')
    while (held.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    for (const response of held) json(response, 200, { ok: true })
    assert.equal((await hanging).kind, 'accepted')
  })

  for (const isOneShot of [false, true]) {
    test(`waits for no other push of ${isOneShot ? 'a one-shot' : 'the service'}: each has a connection`, async (t) => {
      const held: ServerResponse[] = []
      const { port } = await serveHttp(t, (request, response) => {
        if (request.url?.includes('hangs')) held.push(response)
        else ok(request, response)
      })
      const pusher = await openPusher(t, `http://127.0.0.1:${port}`, { isOneShot })
      const hanging = Array.from({ length: 20 }, () => pusher.push({ ...UP, msg: 'hangs' }, never))
      assert.equal((await pusher.push(UP, never)).kind, 'accepted')
      while (held.length < hanging.length) await new Promise((resolve) => setTimeout(resolve, 5))
      for (const response of held) json(response, 200, { ok: true })
      assert.deepEqual(new Set((await Promise.all(hanging)).map(({ kind }) => kind)), new Set(['accepted']))
    })
  }

  test('survives that Kuma restarted and closed the idle connection', async (t) => {
    const first = await serveHttp(t, ok)
    const pusher = await openPusher(t, `http://127.0.0.1:${first.port}`)
    assert.equal((await pusher.push(UP, never)).kind, 'accepted')
    await first.stop()
    assert.equal((await pusher.push(UP, never)).kind, 'refused')
    await serveHttp(t, ok, { port: first.port })
    assert.equal((await pusher.push(UP, never)).kind, 'accepted')
  })
})
