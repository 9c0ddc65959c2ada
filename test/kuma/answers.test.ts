// The table of answers, tried on a server in Kuma's place and by what no server would answer.
import assert from 'node:assert/strict'
import type { RequestListener, ServerResponse } from 'node:http'
import { describe, test } from 'node:test'
import { judgeAnswer, judgeRedirect, type PushAnswer, retryAfterMs } from '../../src/kuma/answers.ts'
import { freePort } from '../helpers/free-port.ts'
import { createMutator, FUZZ_ROUNDS, FUZZ_SEED } from '../helpers/fuzz.ts'
import { NEVER, openPusher, pushTo, TOKEN, UP } from '../helpers/push-to.ts'
import { serveHttp, serveTcp } from '../helpers/scripted-server.ts'

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
  message: RegExp
  retryAfterMs?: number
}

const TABLE: Row[] = [
  { is: '200 {"ok":true}', answers: ok, kind: 'accepted', retry: 'none', message: /accepted the heartbeat$/ },
  {
    is: '200 {"ok":true} with more in it',
    answers: (_, response) => json(response, 200, { ok: true, msg: 'maintenance' }),
    kind: 'accepted',
    retry: 'none',
    message: /accepted/,
  },
  {
    is: '200 with a page',
    answers: page(200, '<html>Uptime Kuma</html>'),
    kind: 'not-kuma',
    retry: 'none',
    message:
      /answered 200 with something else than JSON: that is not Kuma's push API; check the path of the URL/,
  },
  {
    is: '200 and nothing',
    answers: page(200, ''),
    kind: 'not-kuma',
    retry: 'none',
    message: /something else than JSON/,
  },
  {
    is: '200 with half of the JSON',
    answers: page(200, '{"ok":tr'),
    kind: 'not-kuma',
    retry: 'none',
    message: /something else than JSON/,
  },
  ...['null', 'true', '[]', '{}', '{"ok":1}', '{"ok":"true"}', '"ok"', '{"msg":"ok"}'].map((body): Row => ({
    is: `200 ${body}`,
    answers: page(200, body),
    kind: 'not-kuma',
    retry: 'none',
    message: /JSON without "ok":true/,
  })),
  {
    is: '200 {"ok":false} with a reason',
    answers: (_, response) => json(response, 200, { ok: false, msg: 'set-up needed' }),
    kind: 'not-kuma',
    retry: 'none',
    message: /JSON without "ok":true "set-up needed"/,
  },
  {
    is: '204',
    answers: page(204, ''),
    kind: 'not-kuma',
    retry: 'none',
    message: /answered 204, which Kuma's push API/,
  },
  {
    is: '404 for an unknown token',
    answers: refusal('Monitor not found or not active.'),
    kind: 'unknown-monitor',
    retry: 'none',
    message:
      /answered 404 "Monitor not found or not active\.": token AWb… is unknown there, or its monitor is paused or deleted/,
  },
  {
    is: '404 for the ping',
    answers: refusal('Invalid ping value. Must be between 0 and 100000000000 ms.'),
    kind: 'bad-ping',
    retry: 'none',
    message: /"Invalid ping value\..*please report it/,
  },
  {
    is: '404 for a busy database',
    answers: refusal('update `monitor` set x - SQLITE_BUSY: database is locked'),
    kind: 'passing-error',
    retry: 'quick',
    message: /SQLITE_BUSY: database is locked": its database is busy/,
  },
  {
    is: 'stuck statistics of Kuma 2',
    answers: refusal(
      'insert into `stat_minutely` (x) values (y) - UNIQUE constraint failed: stat_minutely.monitor_id',
    ),
    kind: 'passing-error',
    retry: 'quick',
    message: /its statistics are stuck \(louislam\/uptime-kuma#5357\).*restart Kuma/,
  },
  {
    is: '404 with a page',
    answers: page(404),
    kind: 'migrating',
    retry: 'slow',
    message:
      /answered 404 without Kuma's own words: Kuma is upgrading its database, the path of the URL is wrong, or/,
  },
  {
    is: "404 with somebody else's JSON",
    answers: (_, response) => json(response, 404, { error: 'no such route' }),
    kind: 'migrating',
    retry: 'slow',
    message: /another program listens there/,
  },
  {
    is: '404 with JSON that has a msg and is not of Kuma',
    answers: (_, response) => json(response, 404, { msg: 'no such route' }),
    kind: 'migrating',
    retry: 'slow',
    message: /answered 404 without Kuma's own words/,
  },
  {
    is: '431',
    answers: page(431, ''),
    kind: 'too-long',
    retry: 'none',
    message: /answered 431 \(URL and headers too long\)/,
  },
  { is: '414', answers: page(414), kind: 'too-long', retry: 'none', message: /answered 414 \(URL/ },
  {
    is: '401',
    answers: page(401),
    kind: 'denied',
    retry: 'none',
    message: /answered 401: a proxy in front of Kuma refuses/,
  },
  {
    is: '403',
    answers: page(403),
    kind: 'denied',
    retry: 'none',
    message: /answered 403:.*headers under \[kuma\]/,
  },
  {
    is: '400',
    answers: page(400),
    kind: 'not-kuma',
    retry: 'none',
    message: /answered 400, which .* never does; check the URL/,
  },
  {
    is: '429 with Retry-After in seconds',
    answers: page(429, '', { 'retry-after': '7' }),
    kind: 'busy',
    retry: 'quick',
    message: /answered 429: too many requests/,
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
    message: /answered 503: Kuma is overloaded or restarting behind its proxy/,
    retryAfterMs: 9000,
  },
  { is: '502', answers: page(502), kind: 'busy', retry: 'quick', message: /answered 502/ },
  {
    is: '504: a proxy gave up, and Kuma may store it',
    answers: page(504),
    kind: 'timeout',
    retry: 'none',
    message: /answered 504: a proxy gave up waiting/,
  },
  {
    is: '524, the same of Cloudflare',
    answers: page(524),
    kind: 'timeout',
    retry: 'none',
    message: /answered 524/,
  },
  { is: '500', answers: page(500), kind: 'busy', retry: 'quick', message: /answered 500/ },
  {
    is: '200 with more than 64 KiB',
    answers: page(200, `{"ok":true,"x":"${'x'.repeat(70_000)}"}`),
    kind: 'not-kuma',
    retry: 'none',
    message: /something else than JSON/,
  },
  {
    is: '403 with more than 64 KiB',
    answers: page(403, 'x'.repeat(70_000)),
    kind: 'denied',
    retry: 'none',
    message: /403/,
  },
  {
    is: '304',
    answers: (_, response) => response.writeHead(304).end(),
    kind: 'not-kuma',
    retry: 'none',
    message: /answered 304, which/,
  },
]

describe('an answer is', () => {
  for (const { is, answers, kind, retry, message, retryAfterMs: waitMs } of TABLE) {
    test(`${is}: ${kind}`, async (t) => {
      const { port } = await serveHttp(t, answers)
      const answer = await pushTo(t, `http://127.0.0.1:${port}`)
      assert.equal(answer.kind, kind, answer.message)
      assert.equal(answer.retry, retry)
      assert.equal(answer.retryAfterMs, waitMs ?? null)
      assert.match(answer.message, message)
      assert.ok(answer.message.startsWith(`Kuma at http://127.0.0.1:${port} `), answer.message)
    })
  }

  test('foreign text that is quoted: one short line without the token', async (t) => {
    const { port } = await serveHttp(t, (request, response) =>
      json(response, 404, { ok: false, msg: `bad\r\n\u001B[31m ${request.url}\u2028${'ü'.repeat(500)}` }),
    )
    const answer = await pushTo(t, `http://127.0.0.1:${port}`)
    assert.equal(answer.kind, 'passing-error')
    assert.match(
      answer.message,
      /"bad \[31m \/api\/push\/AWb…\?status=up&msg=12%20of%2012%20running&ping=3 ü+…"/,
    )
    assert.ok(answer.message.length < 300)
  })
})

describe('there is no answer, because the other side', () => {
  test('refuses: the next try is quick', async (t) => {
    const port = await freePort()
    const answer = await pushTo(t, `http://127.0.0.1:${port}`)
    assert.equal(answer.kind, 'refused')
    assert.equal(answer.retry, 'quick')
    assert.equal(
      answer.message,
      `Kuma at http://127.0.0.1:${port} refuses connections: it is not running there, or host or port are wrong`,
    )
  })

  test('resets the connection: the next try is quick', async (t) => {
    const { port } = await serveTcp(t, (socket) => socket.once('data', () => socket.resetAndDestroy()))
    const answer = await pushTo(t, `http://127.0.0.1:${port}`)
    assert.equal(answer.kind, 'reset')
    assert.equal(answer.retry, 'quick')
  })

  test('hangs up in the middle of its answer, which is no success though it began with 200', async (t) => {
    const { port } = await serveTcp(t, (socket) => {
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n{"ok":'))
    })
    assert.equal((await pushTo(t, `http://127.0.0.1:${port}`)).kind, 'reset')
  })

  test('never answers: the beat may be recorded later, so there is no second try', async (t) => {
    const { port } = await serveHttp(t, () => undefined)
    const answer = await pushTo(t, `http://127.0.0.1:${port}`, { timeoutMs: 1000 })
    assert.equal(answer.kind, 'timeout')
    assert.equal(answer.retry, 'none')
    assert.match(answer.message, /did not answer within 1000 ms and may record the heartbeat later/)
  })

  test('does not answer a heartbeat that repeats what it knows: after a shorter time it is tried again at once', async (t) => {
    const { port } = await serveHttp(t, () => undefined)
    const pusher = await openPusher(t, `http://127.0.0.1:${port}`, { repeatTimeoutMs: 1000 })
    const answer = await pusher.push(UP, true, NEVER)
    assert.equal(answer.kind, 'timeout')
    assert.equal(answer.retry, 'at-once')
    assert.match(answer.message, /did not answer within 1000 ms/)
  })

  test('drips its answer so slowly that only the total deadline ends it', async (t) => {
    const { port } = await serveHttp(t, (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      const drip = setInterval(() => response.write(' '), 50)
      response.on('close', () => clearInterval(drip))
    })
    assert.equal((await pushTo(t, `http://127.0.0.1:${port}`, { timeoutMs: 1000 })).kind, 'timeout')
  })

  test('sends headers without end', async (t) => {
    const { port } = await serveHttp(t, (_, response) => {
      response.writeHead(200, { 'x-long': 'x'.repeat(100_000) }).end('{"ok":true}')
    })
    const answer = await pushTo(t, `http://127.0.0.1:${port}`)
    assert.equal(answer.kind, 'not-kuma')
    assert.match(answer.message, /answered with more headers than Kuma has; check the URL$/)
  })

  test('does not speak HTTP', async (t) => {
    const { port } = await serveTcp(t, (socket) =>
      socket.once('data', () => socket.end('SSH-2.0-OpenSSH_9.2\r\n')),
    )
    const answer = await pushTo(t, `http://127.0.0.1:${port}`)
    assert.equal(answer.kind, 'not-kuma')
    assert.match(answer.message, /does not speak HTTP/)
  })

  test('has a name that does not resolve', async (t) => {
    const answer = await pushTo(t, 'http://kuma.invalid:3001')
    assert.equal(answer.kind, 'dns')
    assert.equal(answer.retry, 'quick')
    assert.match(
      answer.message,
      /^Kuma at http:\/\/kuma\.invalid:3001 cannot be reached, its name does not resolve/,
    )
  })

  test('was not asked any more: the agent stops', async (t) => {
    const stop = new AbortController()
    const { port } = await serveHttp(t, () => {
      stop.abort()
    })
    assert.equal((await pushTo(t, `http://127.0.0.1:${port}`, { signal: stop.signal })).kind, 'aborted')
  })
})
const redirects =
  (to: (url: string) => string, status = 302): RequestListener =>
  (request, response) =>
    response.writeHead(status, { location: to(request.url ?? '') }).end()

describe('a redirect', () => {
  for (const status of [301, 302, 303, 307, 308]) {
    test(`(${status}) to another port of the same host is followed with the whole heartbeat`, async (t) => {
      const seen: (string | undefined)[] = []
      const kuma = await serveHttp(t, (request, response) => {
        seen.push(`${request.method} ${request.url}`)
        ok(request, response)
      })
      const { port } = await serveHttp(
        t,
        redirects((url) => `http://127.0.0.1:${kuma.port}${url}`, status),
      )
      const answer = await pushTo(t, `http://127.0.0.1:${port}`)
      assert.equal(answer.kind, 'accepted')
      assert.deepEqual(seen, [`GET /api/push/${TOKEN}?status=up&msg=12%20of%2012%20running&ping=3`])
    })
  }

  test('that only adds a path prefix is followed', async (t) => {
    const { port } = await serveHttp(t, (request, response) => {
      if (request.url?.startsWith('/kuma/')) ok(request, response)
      else redirects((url) => `/kuma${url}`)(request, response)
    })
    assert.equal((await pushTo(t, `http://127.0.0.1:${port}`)).kind, 'accepted')
  })

  test('to another host is refused, and the other host gets nothing', async (t) => {
    let asked = 0
    const other = await serveHttp(t, () => (asked += 1), { host: '127.0.0.2' })
    const { port } = await serveHttp(
      t,
      redirects((url) => `http://127.0.0.2:${other.port}${url}`),
    )
    const answer = await pushTo(t, `http://127.0.0.1:${port}`)
    assert.equal(answer.kind, 'redirect')
    assert.equal(answer.retry, 'none')
    assert.match(
      answer.message,
      new RegExp(
        `answered 302, a redirect to http://127\\.0\\.0\\.2:${other.port}, not followed since the token would`,
      ),
    )
    assert.equal(asked, 0)
  })

  const LOST: [string, (url: string) => string][] = [
    ['a login page of the same host', (url) => `/login?next=${encodeURIComponent(url)}`],
    ['the same path without the query, where a DOWN would arrive as UP', () => `/api/push/${TOKEN}`],
    ['the same path with another status', (url) => url.replace('status=up', 'status=down')],
    ['another token', () => '/api/push/another?status=up&msg=12%20of%2012%20running&ping=3'],
  ]
  for (const [name, to] of LOST) {
    test(`to ${name} is refused`, async (t) => {
      const asked: (string | undefined)[] = []
      const { port } = await serveHttp(t, (request, response) => {
        asked.push(request.url)
        redirects(to)(request, response)
      })
      const answer = await pushTo(t, `http://127.0.0.1:${port}`)
      assert.equal(answer.kind, 'redirect')
      assert.match(
        answer.message,
        /a redirect to http:\/\/127\.0\.0\.1:\d+\/\S+ that loses the heartbeat; set the URL to/,
      )
      assert.equal(asked.length, 1)
    })
  }

  test('without an address, or with an absurd one, is refused', async (t) => {
    for (const headers of [{}, { location: '' }, { location: 'http://[' }]) {
      const { port } = await serveHttp(t, (_, response) => response.writeHead(302, headers).end())
      const answer = await pushTo(t, `http://127.0.0.1:${port}`)
      assert.equal(answer.kind, 'redirect')
      assert.match(answer.message, /a redirect without an address/)
    }
  })

  test('to another kind of URL is refused', async (t) => {
    const { port } = await serveHttp(
      t,
      redirects((url) => `ftp://127.0.0.1${url}`),
    )
    const answer = await pushTo(t, `http://127.0.0.1:${port}`)
    assert.equal(answer.kind, 'redirect')
    assert.match(answer.message, /a redirect to ftp:\/\//)
  })

  test('that goes in a circle ends after three', async (t) => {
    let asked = 0
    const { port } = await serveHttp(t, (request, response) => {
      asked += 1
      redirects((url) => url)(request, response)
    })
    const answer = await pushTo(t, `http://127.0.0.1:${port}`)
    assert.equal(answer.kind, 'redirect')
    assert.match(answer.message, /the 4th redirect in a row/)
    assert.equal(asked, 4)
  })
})

const DATE = 'Sat, 21 Nov 2026 05:00:00 GMT'

const WAITS: [string, Record<string, string>, number | null][] = [
  ['seconds', { 'retry-after': '120' }, 120_000],
  ['no seconds', { 'retry-after': '0' }, 0],
  [
    "a date, by the answer's own clock",
    { date: DATE, 'retry-after': 'Sat, 21 Nov 2026 05:02:00 GMT' },
    120_000,
  ],
  ['a date that is over', { date: DATE, 'retry-after': 'Sat, 21 Nov 2026 04:00:00 GMT' }, 0],
  ['a date without a clock', { 'retry-after': 'Sat, 21 Nov 2026 05:02:00 GMT' }, null],
  ['words', { date: DATE, 'retry-after': 'soon' }, null],
  ['less than nothing', { date: DATE, 'retry-after': '-5' }, null],
  ['an absurd number', { date: DATE, 'retry-after': '9'.repeat(400) }, null],
  ['nothing', {}, null],
]

for (const [name, headers, expected] of WAITS) {
  test(`Retry-After with ${name}`, () => assert.equal(retryAfterMs(headers), expected))
}

const target = { baseUrl: 'http://kuma.example/base', token: 'AWbUXTosJGq1w2e3', kuma: 'kuma', proxy: null }
const context = {
  target,
  timeoutMs: 25_000,
  isRepeat: false,
  mask: (text: string) => text,
}
const from = new URL('http://kuma.example/base/api/push/AWbUXTosJGq1w2e3?status=down&msg=x')

const BODIES = [
  '{"ok":true}',
  '{"ok":false,"msg":"Monitor not found or not active."}',
  '{"ok":false,"msg":"SQLITE_BUSY: database is locked"}',
  '<html><pre>Cannot GET /api/push/AWbUXTosJGq1w2e3</pre></html>',
  '[{"ok":true}]',
]
const PLACES = [
  from.href,
  '/api/push/AWbUXTosJGq1w2e3?status=down&msg=x',
  'https://kuma.example:8443/base/api/push/AWbUXTosJGq1w2e3?msg=x&status=down',
  '//other.example/api/push/AWbUXTosJGq1w2e3',
  'http://kay:pw@kuma.example/login?next=/api/push/AWbUXTosJGq1w2e3',
]
const RETRY_AFTERS = [
  '120',
  '0',
  'Fri, 21 Nov 2026 05:00:00 GMT',
  'Fri, 31 Dec 9999 23:59:59 GMT',
  '-5',
  '1e9',
]
const STATUSES = [200, 200, 204, 301, 302, 303, 307, 308, 400, 401, 403, 404, 404, 414, 429, 431, 500, 502, 503, 504, 999] // prettier-ignore

test(`judges any answer in one line without the token (${FUZZ_ROUNDS} answers, seed ${FUZZ_SEED})`, () => {
  const bodies = createMutator(BODIES)
  const waits = createMutator(RETRY_AFTERS, FUZZ_SEED + 1)
  for (let round = 0; round < FUZZ_ROUNDS; round++) {
    const headers = { 'retry-after': waits.text(), date: waits.text() }
    const body = Buffer.from(bodies.text())
    const answer = judgeAnswer({ status: bodies.pick(STATUSES), headers, body }, context)
    const input = () => JSON.stringify([headers, body.toString(), answer])
    assert.doesNotMatch(answer.message, /[\n\r\0\u2028]|AWbUXTosJGq1w2e3/, input())
    assert.ok(answer.message.length < 600, input())
    const wait = retryAfterMs(headers)
    assert.ok(wait === null || (Number.isFinite(wait) && wait >= 0), input())
    if (answer.kind === 'accepted') assert.equal((JSON.parse(body.toString()) as { ok: unknown }).ok, true)
  }
})

test(`follows no redirect that would carry the token away (${FUZZ_ROUNDS} places, seed ${FUZZ_SEED})`, () => {
  const places = createMutator(PLACES, FUZZ_SEED + 2)
  let followed = 0
  for (let round = 0; round < FUZZ_ROUNDS; round++) {
    const location = places.text()
    const next = judgeRedirect({ status: 302, headers: { location } }, from, 0, context)
    assert.ok(next !== null)
    if (!(next instanceof URL)) {
      assert.doesNotMatch(next.message, /[\n\r\0]|AWbUXTosJGq1w2e3/, location)
      continue
    }
    followed++
    assert.equal(next.hostname, from.hostname, location)
    assert.deepEqual([next.username, next.password], ['', ''], location)
    assert.deepEqual([next.searchParams.get('status'), next.searchParams.get('msg')], ['down', 'x'], location)
  }
  assert.ok(followed > 0)
})
