import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LookupFunction } from 'node:net'
import type { TestContext } from 'node:test'
import type { PushAnswer } from '../../src/kuma/answers.ts'
import { type Heartbeat, type KumaClient, openKumaClient, type Pusher } from '../../src/kuma/push.ts'
import { realClock } from '../../src/lib/clock.ts'

export const TOKEN = 'AWbUXTosJGx7Qk2mZr9Lp4Ty8Wn1Vc5B'
export const UP: Heartbeat = { status: 'up', msg: '12 of 12 running', ping: 3 }
export const NEVER = new AbortController().signal

interface Options {
  headers?: Record<string, string>
  /** PEM. */
  ca?: string
  clientCert?: string
  clientKey?: string
  insecure?: boolean
  timeoutMs?: number
  repeatTimeoutMs?: number
  proxy?: string | null
  lookup?: LookupFunction
}

/** A client that ends with the test; 5 s for a push unless said otherwise. */
export async function openTestKuma(t: TestContext, url: string, options: Options = {}): Promise<KumaClient> {
  const { headers = {}, insecure = false, timeoutMs = 5000, repeatTimeoutMs = 5000, proxy = null } = options
  const folder = await mkdtemp(join(tmpdir(), 'ksp-pem-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const file = async (name: string, pem: string | undefined): Promise<string | null> => {
    if (pem === undefined) return null
    await writeFile(join(folder, name), pem)
    return join(folder, name)
  }
  const kuma = await openKumaClient(
    {
      name: 'kuma',
      url,
      headers,
      caFile: await file('ca.pem', options.ca),
      insecure,
      clientCertFile: await file('cert.pem', options.clientCert),
      clientKeyFile: await file('key.pem', options.clientKey),
      proxy,
      timeoutMs,
      repeatTimeoutMs,
    },
    {
      clock: realClock,
      mask: (text) => text,
      ...(options.lookup !== undefined && { lookup: options.lookup }),
    },
  )
  t.after(() => kuma.close())
  return kuma
}

/** A pusher over such a client. */
export async function openPusher(t: TestContext, baseUrl: string, options: Options = {}): Promise<Pusher> {
  const kuma = await openTestKuma(t, baseUrl, options)
  return kuma.pusher({ kuma: 'kuma', baseUrl, token: TOKEN, proxy: options.proxy ?? null })
}

/** Pushes once. The message of the answer must be one line without the token, in every test. */
export async function pushTo(
  t: TestContext,
  baseUrl: string,
  {
    heartbeat = UP,
    signal = NEVER,
    ...options
  }: Options & { heartbeat?: Heartbeat; signal?: AbortSignal } = {},
): Promise<PushAnswer> {
  const pusher = await openPusher(t, baseUrl, options)
  const answer = await pusher.push(heartbeat, false, signal)
  assert.ok(!JSON.stringify(answer).includes(TOKEN), answer.message)
  assert.doesNotMatch(answer.message, /[\p{Cc}\p{Zl}\p{Zp}]/u)
  assert.ok(answer.message.length < 500, answer.message)
  return answer
}
