import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Announcement, Notifier } from '../../src/agent/notifier.ts'
import { realClock } from '../../src/lib/clock.ts'
import { eventually } from '../helpers/eventually.ts'
import { memoryLog } from '../helpers/memory-log.ts'
import { openPusher } from '../helpers/push-to.ts'
import { startSlowKuma } from '../helpers/slow-kuma.ts'

const announce = (status: 'up' | 'down'): Announcement => ({
  verdict: { status, message: status, ping: null },
  restartsUntilMs: null,
  content: null,
})

async function scene(t: TestContext, slowMs: number) {
  const kuma = await startSlowKuma(t, slowMs)
  const pusher = await openPusher(t, kuma.url, { timeoutMs: 200, repeatTimeoutMs: 200 })
  const log = memoryLog()
  const notifier = new Notifier({ name: 'celery', kuma: 'kuma', pusher, clock: realClock, log, state: null })
  t.after(() => notifier.close())
  const beat = async (status: 'up' | 'down', times = 1) => {
    for (let i = 0; i < times; i += 1) {
      void notifier.offer(announce(status))
      await sleep(100)
    }
  }
  return { kuma, beat, notifier, log }
}

describe('a Kuma that stores a heartbeat only after a slow notification', () => {
  test('alerts once for one stop, however often it is told', async (t) => {
    const { kuma, beat, log } = await scene(t, 1500)
    await beat('up')
    await beat('down', 14)
    await eventually('the DOWN is stored, and what holds then', () => kuma.beats.length >= 3)
    await beat('down', 3)
    assert.deepEqual(kuma.alerts, ['down'])
    assert.ok(log.lines.some((line) => /celery: Kuma answered a DOWN after [12] s/.test(line)))
  })

  test('shows UP in the end when the stop was over before it was stored', async (t) => {
    const { kuma, beat } = await scene(t, 1000)
    await beat('up')
    await beat('down', 4)
    kuma.slowMs = 0
    await beat('up')
    await eventually('the late DOWN is stored, and UP over it', () => kuma.beats.includes('down'))
    await eventually('UP is shown', () => kuma.beats.at(-1) === 'up')
    assert.deepEqual(kuma.alerts, ['down', 'up'])
  })
})
