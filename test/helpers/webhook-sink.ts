import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What Kuma posts to a webhook for one alert. */
interface Alert {
  /** The text that every kind of notification carries: `[name] [🔴 Down] message`. */
  readonly msg: string
  readonly monitorId: number | null
  readonly status: number | null
}

export interface WebhookSink {
  readonly url: string
  readonly alerts: readonly Alert[]
  /** Resolves with the first alert, earlier ones included, that the test accepts. */
  waitFor(accepts: (alert: Alert) => boolean, timeoutMs?: number): Promise<Alert>
  stop(): Promise<void>
}

/** A local receiver for Kuma's webhook notifications. */
export async function startWebhookSink(): Promise<WebhookSink> {
  const alerts: Alert[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString()) as {
        msg: string
        heartbeat: { monitorID: number; status: number } | null
      }
      alerts.push({
        msg: body.msg,
        monitorId: body.heartbeat?.monitorID ?? null,
        status: body.heartbeat?.status ?? null,
      })
      response.end('ok')
    })
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    alerts,
    async waitFor(accepts, timeoutMs = 120_000) {
      const deadline = performance.now() + timeoutMs
      for (;;) {
        const found = alerts.find(accepts)
        if (found) return found
        if (performance.now() > deadline) {
          throw new Error(`no such alert within ${timeoutMs} ms; got ${JSON.stringify(alerts)}`)
        }
        await new Promise((resolve) => {
          setTimeout(resolve, 50)
        })
      }
    },
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => {
        server.close(resolve)
      })
    },
  }
}
