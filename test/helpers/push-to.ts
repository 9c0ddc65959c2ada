import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { Heartbeat } from '../../src/agent/heartbeat.ts'
import {
  type KumaConnection,
  type KumaConnectionOptions,
  openKumaConnection,
  type Pusher,
} from '../../src/kuma/kuma-connection.ts'
import type { PushAnswer } from '../../src/kuma/push-answer.ts'

export const TOKEN = 'AWbUXTosJGx7Qk2mZr9Lp4Ty8Wn1Vc5B'
export const UP: Heartbeat = { status: 'up', msg: '12 of 12 running', ping: 3 }

/** A connection that ends with the test; 5 s for a push unless said otherwise. */
export async function openConnection(
  t: TestContext,
  options: Partial<KumaConnectionOptions> = {},
): Promise<KumaConnection> {
  const connection = await openKumaConnection({
    headers: {},
    ca: null,
    clientCert: null,
    clientKey: null,
    insecure: false,
    timeoutMs: 5000,
    repeatTimeoutMs: 5000,
    isOneShot: false,
    mask: (text) => text,
    version: '1.2.3',
    now: () => performance.now(),
    ...options,
  })
  t.after(() => connection.close())
  return connection
}

/** A pusher over such a connection. */
export async function openPusher(
  t: TestContext,
  baseUrl: string,
  { proxy = null, ...options }: Partial<KumaConnectionOptions> & { proxy?: string | null } = {},
): Promise<Pusher> {
  const connection = await openConnection(t, options)
  return connection.pusher({ kuma: 'kuma', baseUrl, token: TOKEN, proxy })
}

/** Pushes once. What the answer says must be one line without the token, in every test. */
export async function pushTo(
  t: TestContext,
  baseUrl: string,
  {
    heartbeat = UP,
    signal,
    ...options
  }: Partial<KumaConnectionOptions> & {
    proxy?: string | null
    heartbeat?: Heartbeat
    signal?: AbortSignal
  } = {},
): Promise<PushAnswer> {
  const pusher = await openPusher(t, baseUrl, options)
  const answer = await pusher.push(heartbeat, signal ?? new AbortController().signal)
  assert.ok(!JSON.stringify(answer).includes(TOKEN), answer.says)
  assert.doesNotMatch(answer.says, /[\p{Cc}\p{Zl}\p{Zp}]/u)
  assert.ok(answer.says.length < 500, answer.says)
  return answer
}
