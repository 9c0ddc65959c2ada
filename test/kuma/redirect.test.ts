import assert from 'node:assert/strict'
import type { RequestListener } from 'node:http'
import { describe, test } from 'node:test'
import { pushTo, TOKEN } from '../helpers/push-to.ts'
import { serveHttp } from '../helpers/scripted-server.ts'

const ok: RequestListener = (_, response) => response.end('{"ok":true}')

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
      answer.says,
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
        answer.says,
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
      assert.match(answer.says, /a redirect without an address/)
    }
  })

  test('to another kind of URL is refused', async (t) => {
    const { port } = await serveHttp(
      t,
      redirects((url) => `ftp://127.0.0.1${url}`),
    )
    const answer = await pushTo(t, `http://127.0.0.1:${port}`)
    assert.equal(answer.kind, 'redirect')
    assert.match(answer.says, /a redirect to ftp:\/\//)
  })

  test('that goes in a circle ends after three', async (t) => {
    let asked = 0
    const { port } = await serveHttp(t, (request, response) => {
      asked += 1
      redirects((url) => url)(request, response)
    })
    const answer = await pushTo(t, `http://127.0.0.1:${port}`)
    assert.equal(answer.kind, 'redirect')
    assert.match(answer.says, /the 4th redirect in a row/)
    assert.equal(asked, 4)
  })
})
