// What the other end-to-end tests rest on: the real Uptime Kuma behaves as they take for granted.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { startKuma, type Kuma, type RecordedHeartbeat } from '../helpers/kuma.ts'
import { startWebhookSink, type WebhookSink } from '../helpers/webhook-sink.ts'

describe('a real Uptime Kuma', () => {
  let kuma: Kuma
  let sink: WebhookSink

  before(async () => {
    sink = await startWebhookSink()
    kuma = await startKuma()
  })
  after(async () => {
    await kuma.stop()
    await sink.stop()
  })

  test('records a pushed heartbeat and tells it to its web page', async () => {
    const monitor = await kuma.createPushMonitor({ name: 'recorded' })
    const shown = new Promise<RecordedHeartbeat>((resolve) => {
      const unsubscribe = kuma.onHeartbeat((heartbeat) => {
        if (heartbeat.monitorId !== monitor.id || heartbeat.status !== 'up') return
        unsubscribe()
        resolve(heartbeat)
      })
    })
    const response = await fetch(`${monitor.pushUrl}?status=up&msg=all%20fine&ping=12`)
    assert.deepEqual(await response.json(), { ok: true })
    const recorded = await kuma.waitForHeartbeat(monitor.id, ({ status }) => status === 'up')
    assert.equal(recorded.msg, 'all fine')
    assert.equal(recorded.ping, 12)
    assert.ok(Math.abs(recorded.time.getTime() - Date.now()) < 60_000, 'the time is in UTC')
    assert.equal((await shown).msg, 'all fine')
  })

  test('sends the text of a DOWN to a webhook', async () => {
    const notificationId = await kuma.addWebhookNotification(sink.url)
    const monitor = await kuma.createPushMonitor({ name: 'alerting', notificationIds: [notificationId] })
    await fetch(`${monitor.pushUrl}?status=up&msg=fine`)
    await fetch(`${monitor.pushUrl}?status=down&msg=celery%20FATAL`)
    const alert = await sink.waitFor(({ msg }) => msg.includes('celery'))
    assert.equal(alert.msg, '[alerting] [🔴 Down] celery FATAL')
    assert.equal(alert.monitorId, monitor.id)
  })

  test('does not know a paused monitor until it is resumed', async () => {
    const monitor = await kuma.createPushMonitor({ name: 'paused' })
    await kuma.pause(monitor.id)
    assert.equal((await fetch(monitor.pushUrl)).status, 404)
    await kuma.resume(monitor.id)
    assert.equal((await fetch(monitor.pushUrl)).status, 200)
  })

  test('keeps its monitors and heartbeats over a restart, and can be read while it is halted', async () => {
    const monitor = await kuma.createPushMonitor({ name: 'lasting' })
    await fetch(`${monitor.pushUrl}?msg=before`)
    const firstPid = kuma.pid
    await kuma.halt()
    assert.ok((await kuma.heartbeats(monitor.id)).some(({ msg }) => msg === 'before'))
    await kuma.start()
    assert.notEqual(kuma.pid, firstPid)
    assert.equal((await fetch(`${monitor.pushUrl}?msg=after`)).status, 200)
    await kuma.waitForHeartbeat(monitor.id, ({ msg }) => msg === 'after')
  })
})
