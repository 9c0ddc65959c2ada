import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { serveHttp } from './scripted-server.ts'

/** A Kuma with the push route of 2.0.0-beta.0 and later, over one monitor. */
export interface SlowKuma {
  readonly url: string
  /** What a quick notification provider was told, in order. */
  readonly alerts: readonly string[]
  /** Statuses in the order they were stored: the last one is what Kuma shows. */
  readonly beats: readonly string[]
  /** How long its other notification provider takes. */
  slowMs: number
}

/**
 * Answers a push as these versions do: an important beat alerts everybody first, which is awaited, and is stored then. What is
 * important is judged by the beat that was stored last when the push came.
 * @see https://github.com/louislam/uptime-kuma/blob/2.0.0/server/routers/api-router.js
 */
export async function startSlowKuma(t: TestContext, slowMs: number): Promise<SlowKuma> {
  const alerts: string[] = []
  const beats: string[] = []
  const kuma = { url: '', alerts, beats, slowMs }
  const push = async (status: string): Promise<void> => {
    const before = beats.at(-1)
    const isImportant = before === undefined ? status === 'down' : before !== status
    if (isImportant) {
      alerts.push(status)
      await sleep(kuma.slowMs)
    }
    beats.push(status)
  }
  const { port } = await serveHttp(t, (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://kuma')
    response.setHeader('content-type', 'application/json')
    if (pathname === '/api/entry-page') response.end('{"type":"entryPage","entryPage":"dashboard"}')
    else {
      void push(searchParams.get('status') === 'up' ? 'up' : 'down').then(() => response.end('{"ok":true}'))
    }
  })
  kuma.url = `http://127.0.0.1:${port}`
  return kuma
}
