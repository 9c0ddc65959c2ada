import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judgeAnswer } from '../../src/kuma/judge-answer.ts'
import { redirect } from '../../src/kuma/redirect.ts'
import { retryAfter } from '../../src/kuma/retry-after.ts'
import { createMutator, FUZZ_ROUNDS, FUZZ_SEED } from '../helpers/fuzz.ts'

const target = { baseUrl: 'http://kuma.example/base', token: 'AWbUXTosJGq1w2e3', kuma: 'kuma', proxy: null }
const context = {
  target,
  proxyOrigin: null,
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
const WAITS = ['120', '0', 'Fri, 21 Nov 2026 05:00:00 GMT', 'Fri, 31 Dec 9999 23:59:59 GMT', '-5', '1e9']
const STATUSES = [200, 200, 204, 301, 302, 303, 307, 308, 400, 401, 403, 404, 404, 414, 429, 431, 500, 502, 503, 504, 999] // prettier-ignore

test(`judges any answer in one line without the token (${FUZZ_ROUNDS} answers, seed ${FUZZ_SEED})`, () => {
  const bodies = createMutator(BODIES)
  const waits = createMutator(WAITS, FUZZ_SEED + 1)
  for (let round = 0; round < FUZZ_ROUNDS; round++) {
    const headers = { 'retry-after': waits.text(), date: waits.text() }
    const body = Buffer.from(bodies.text())
    const answer = judgeAnswer({ status: bodies.pick(STATUSES), headers, body }, context)
    const input = () => JSON.stringify([headers, body.toString(), answer])
    assert.doesNotMatch(answer.says, /[\n\r\0\u2028]|AWbUXTosJGq1w2e3/, input())
    assert.ok(answer.says.length < 600, input())
    const wait = retryAfter(headers)
    assert.ok(wait === null || (Number.isFinite(wait) && wait >= 0), input())
    if (answer.kind === 'accepted') assert.equal((JSON.parse(body.toString()) as { ok: unknown }).ok, true)
  }
})

test(`follows no redirect that would carry the token away (${FUZZ_ROUNDS} places, seed ${FUZZ_SEED})`, () => {
  const places = createMutator(PLACES, FUZZ_SEED + 2)
  let followed = 0
  for (let round = 0; round < FUZZ_ROUNDS; round++) {
    const location = places.text()
    const next = redirect({ status: 302, headers: { location } }, from, target, (text) => text)
    assert.ok(next !== null)
    if ('refused' in next) {
      assert.doesNotMatch(next.refused, /[\n\r\0]|AWbUXTosJGq1w2e3/, location)
      continue
    }
    followed++
    assert.equal(next.to.hostname, from.hostname, location)
    assert.deepEqual([next.to.username, next.to.password], ['', ''], location)
    assert.deepEqual(
      [next.to.searchParams.get('status'), next.to.searchParams.get('msg')],
      ['down', 'x'],
      location,
    )
  }
  assert.ok(followed > 0)
})
