import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { test, type TestContext } from 'node:test'
import { HttpProbe } from '../../src/collect/http-check.ts'
import { eventually } from '../helpers/eventually.ts'
import { freePort } from '../helpers/free-port.ts'
import { serveHttp, serveTcp } from '../helpers/scripted-server.ts'

const never = new AbortController().signal
const PATIENT_MS = 20_000

function open(
  t: TestContext,
  url: string,
  { timeoutMs = PATIENT_MS, texts = [] }: { timeoutMs?: number; texts?: string[] } = {},
): HttpProbe {
  const probe = new HttpProbe(url, timeoutMs, texts)
  t.after(() => probe.close())
  return probe
}

async function serve(t: TestContext, answer: (response: ServerResponse) => void): Promise<string> {
  const { port } = await serveHttp(t, (_request, response) => answer(response))
  return `http://127.0.0.1:${port}/health`
}

test('an answer has its status, and those of the texts that were found', async (t) => {
  const url = await serve(t, (response) => response.writeHead(503).end('status: ok'))
  const probe = open(t, url, { texts: ['ok', 'well'] })
  assert.deepEqual(await probe.read(PATIENT_MS, never), {
    kind: 'answered',
    status: 503,
    location: null,
    found: ['ok'],
    isWhole: true,
  })
})

test('a redirect is not followed, and is named without its query', async (t) => {
  const url = await serve(t, (response) => response.writeHead(302, { location: '/login?token=secret' }).end())
  const reading = await open(t, url).read(PATIENT_MS, never)
  assert.equal(reading.kind === 'answered' && reading.location, `${new URL(url).origin}/login`)
})

test('an answer without end is cut', async (t) => {
  const url = await serve(t, (response) => response.end('x'.repeat(3 * 1024 * 1024)))
  const reading = await open(t, url).read(PATIENT_MS, never)
  assert.equal(reading.kind === 'answered' && reading.isWhole, false)
})

test('what hangs is waited for in a later reading, asked once, and its outcome counts once', async (t) => {
  const held: ServerResponse[] = []
  const url = await serve(t, (response) => void held.push(response))
  const probe = open(t, url)
  assert.deepEqual(await probe.read(0, never), { kind: 'waiting' })
  const response = await eventually(
    'it is asked',
    () => held[0],
    (asked) => asked !== undefined,
  )
  assert.deepEqual(await probe.read(0, never), { kind: 'waiting' })
  response?.end('at last')
  assert.equal((await probe.read(PATIENT_MS, never)).kind, 'answered')
  assert.equal(held.length, 1)
  assert.deepEqual(await probe.read(0, never), { kind: 'waiting' })
})

test('the end of the agent ends the wait', async (t) => {
  const url = await serve(t, () => {})
  assert.deepEqual(await open(t, url).read(PATIENT_MS, AbortSignal.abort()), { kind: 'waiting' })
})

test('every failure is said as the end of a sentence about the URL', async (t) => {
  const silent = await serve(t, () => {})
  const half = await serve(t, (response) => void response.writeHead(200).write('half'))
  const hangsUp = await serveTcp(t, (socket) => socket.once('data', () => socket.destroy()))
  const noHttp = await serveTcp(t, (socket) => socket.once('data', () => socket.end('220 smtp ready\r\n')))
  for (const [url, text, timeoutMs] of [
    [silent, 'did not answer within 1.5 s', 1_500],
    [half, 'answered 200 but did not finish within 1.5 s', 1_500],
    [`http://127.0.0.1:${await freePort()}/`, 'refuses connections: nobody listens there', PATIENT_MS],
    [`http://127.0.0.1:${hangsUp.port}/`, 'ended the connection before its answer was whole', PATIENT_MS],
    [`http://127.0.0.1:${noHttp.port}/`, 'does not speak HTTP', PATIENT_MS],
  ] as const) {
    const reading = await open(t, url, { timeoutMs }).read(PATIENT_MS, never)
    assert.deepEqual(reading, { kind: 'failed', text })
  }
})

test('a closed probe leaves no request behind', async (t) => {
  const held: ServerResponse[] = []
  const probe = open(t, await serve(t, (response) => void held.push(response)))
  assert.deepEqual(await probe.read(0, never), { kind: 'waiting' })
  const response = await eventually(
    'it is asked',
    () => held[0],
    (asked) => asked !== undefined,
  )
  await probe.close()
  await eventually('the connection has ended', () => response?.destroyed)
})
