import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openConnection, TOKEN } from '../helpers/push-to.ts'
import { serveHttp } from '../helpers/scripted-server.ts'

for (const status of [404, 500]) {
  test(`knows Kuma by its ${status}, tells its clock, and never uses the token`, async (t) => {
    const asked: string[] = []
    const { port } = await serveHttp(t, ({ url = '' }, response) => {
      asked.push(url)
      response.setHeader('date', 'Sat, 21 Nov 2026 06:00:00 GMT')
      response.writeHead(status).end('{"ok":false,"msg":"Monitor not found or not active."}')
    })
    const connection = await openConnection(t)
    const target = { kuma: 'kuma', baseUrl: `http://127.0.0.1:${port}/kuma`, token: TOKEN, proxy: null }
    const { answer, dateMs } = await connection.probe(target, new AbortController().signal)
    assert.equal(answer.kind, 'unknown-monitor')
    assert.equal(dateMs, Date.UTC(2026, 10, 21, 6))
    assert.equal(asked.length, 1)
    // A hyphen is in no token of Kuma's.
    assert.match(asked[0] ?? '', /^\/kuma\/api\/push\/[a-z]+-[a-z-]+\?status=up/)
  })
}
