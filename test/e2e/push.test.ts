// Our pusher and notifier against a real Uptime Kuma: what it answers, what it records, what it does in a restart.
import assert from 'node:assert/strict'
import { after, before, describe, test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Notifier } from '../../src/agent/notifier.ts'
import type { Heartbeat } from '../../src/kuma/push.ts'
import { realClock } from '../../src/lib/clock.ts'
import { startKuma, type Kuma } from '../helpers/kuma.ts'
import { memoryLog } from '../helpers/memory-log.ts'
import { NEVER, openTestKuma } from '../helpers/push-to.ts'

describe('a push to a real Uptime Kuma', () => {
  let kuma: Kuma
  before(async () => {
    kuma = await startKuma()
  })
  after(() => kuma.stop())

  async function pushOnce(t: TestContext, heartbeat: Heartbeat, token: string, baseUrl = kuma.url) {
    const client = await openTestKuma(t, baseUrl)
    const pusher = client.pusher({ kuma: 'kuma', baseUrl, token, proxy: null })
    const answer = await pusher.push(heartbeat, false, NEVER)
    assert.ok(!answer.message.includes(token))
    return answer
  }

  test('is recorded as it was sent: up with a ping, down without', async (t) => {
    const { id, token } = await kuma.createPushMonitor({ name: 'up and down' })
    const up = { status: 'up', msg: '12 of 12 running · supervisord up 3 d 4 h', ping: 4 } as const
    const down = {
      status: 'down',
      msg: "celery:worker_03 FATAL: can't find command '/srv/x' (+2 more)",
      ping: null,
    } as const
    assert.equal((await pushOnce(t, up, token)).kind, 'accepted')
    assert.equal((await pushOnce(t, down, token)).kind, 'accepted')
    assert.equal((await pushOnce(t, { ...up, ping: 0.2 }, token)).kind, 'accepted')
    const recorded = (await kuma.heartbeats(id)).filter(({ msg }) => !msg.startsWith('No heartbeat'))
    assert.deepEqual(
      recorded.map(({ status, msg, ping }) => ({ status, msg, ping })),
      [up, down, { ...up, ping: 1 }],
    )
  })

  test('carries every kind of character, and as much of a long message as is allowed', async (t) => {
    const { id, token } = await kuma.createPushMonitor({ name: 'characters' })
    const messages = [
      'Prozeß „Müller“ läuft · 東京 · 🔴 👩‍👩‍👧',
      `a&b=c?d#e%20f+g "quoted" <b>&amp;</b> \\ / ; ' \``,
      `${'🔴'.repeat(300)} end`,
      'two\nlines\tand \u0000 a NUL',
      'half \uD83D a pair',
    ]
    for (const msg of messages) {
      const answer = await pushOnce(t, { status: 'down', msg, ping: null }, token)
      assert.equal(answer.kind, 'accepted', answer.message)
    }
    const recorded = (await kuma.heartbeats(id))
      .map(({ msg }) => msg)
      .filter((msg) => !msg.startsWith('No heartbeat'))
    assert.deepEqual(recorded, [
      messages[0],
      messages[1],
      `${'🔴'.repeat(249)}…`,
      'two lines and a NUL',
      'half \uFFFD a pair',
    ])
  })

  test('does not mind a slash at the end of the URL', async (t) => {
    const { id, token } = await kuma.createPushMonitor({ name: 'slash' })
    const heartbeat = { status: 'up', msg: 'with a slash', ping: 1 } as const
    assert.equal((await pushOnce(t, heartbeat, token, `${kuma.url}/`)).kind, 'accepted')
    assert.ok((await kuma.heartbeats(id)).some(({ msg }) => msg === 'with a slash'))
  })

  test('to an unknown token, or to a paused or deleted monitor, says so; a resumed one works again', async (t) => {
    const heartbeat = { status: 'up', msg: 'x', ping: 1 } as const
    const unknown = await pushOnce(t, heartbeat, 'nobodyknowsthistoken')
    assert.equal(unknown.kind, 'unknown-monitor')
    assert.match(
      unknown.message,
      /answered 404 "Monitor not found or not active\.": token nob… is unknown there/,
    )

    const { id, token } = await kuma.createPushMonitor({ name: 'paused' })
    await kuma.pause(id)
    assert.equal((await pushOnce(t, heartbeat, token)).kind, 'unknown-monitor')
    await kuma.resume(id)
    assert.equal((await pushOnce(t, heartbeat, token)).kind, 'accepted')
    await kuma.remove(id)
    assert.equal((await pushOnce(t, heartbeat, token)).kind, 'unknown-monitor')
  })

  test('under a wrong path gets the page of Kuma, which is no success', async (t) => {
    const { token } = await kuma.createPushMonitor({ name: 'wrong path' })
    const answer = await pushOnce(t, { status: 'up', msg: 'x', ping: 1 }, token, `${kuma.url}/kuma`)
    assert.equal(answer.kind, 'not-kuma')
    assert.match(answer.message, /answered 200 with something else than JSON/)
  })

  test('through a restart of Kuma: nothing but time is lost, and no DOWN is made', async (t) => {
    const { id, token } = await kuma.createPushMonitor({ name: 'restarted', interval: 300 })
    const client = await openTestKuma(t, kuma.url, { timeoutMs: 25_000, repeatTimeoutMs: 25_000 })
    const pusher = client.pusher({ kuma: 'kuma', baseUrl: kuma.url, token, proxy: null })
    const { lines, ...log } = memoryLog()
    const parts = { name: 'restarted', kuma: 'kuma', pusher, clock: realClock, log, state: null }
    const notifier = new Notifier(parts)
    t.after(() => notifier.close())
    const up = (message: string): void => {
      const verdict = { status: 'up', message, ping: 1 } as const
      void notifier.offer({ verdict, restartsUntilMs: null, content: null })
    }

    up('before')
    assert.equal(await notifier.settled(), true)
    await kuma.halt()
    up('lost in the restart')
    up('superseded')
    await sleep(1000)
    const restarted = kuma.start()
    up('newest')
    // On a slow machine the quick tries end before Kuma is back; the next heartbeat gets its own.
    while (!(await notifier.settled())) {
      await sleep(500)
      up('newest')
    }
    await restarted

    const recorded = await kuma.heartbeats(id)
    const pushed = recorded.filter(({ msg }) => !msg.startsWith('No heartbeat'))
    assert.deepEqual(
      pushed.map(({ status, msg }) => `${status} ${msg}`),
      ['up before', 'up newest'],
    )
    const first = recorded.findIndex(({ msg }) => msg === 'before')
    assert.deepEqual(
      recorded.slice(first).map(({ status }) => status),
      ['up', 'up'],
    )
    assert.match(
      lines[1] ?? '',
      /^warn: not delivered: restarted: Kuma at http:\/\/127\.0\.0\.1:\d+ refuses connections/,
    )
    assert.match(
      lines.at(-1) ?? '',
      /^info: restarted: delivered again after \d.* s, \d+ heartbeats? not delivered$/,
    )
    // A Kuma that stops or starts may refuse in more ways than one; each is told once.
    assert.ok(
      lines.slice(1, -1).every((line) => line.startsWith('warn: not delivered')),
      lines.join('\n'),
    )
    assert.equal(new Set(lines).size, lines.length, lines.join('\n'))
  })
})
