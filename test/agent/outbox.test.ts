import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Heartbeat } from '../../src/agent/heartbeat.ts'
import { createOutbox } from '../../src/agent/outbox.ts'
import type { PushAnswer } from '../../src/kuma/push-answer.ts'
import { createLog } from '../../src/lib/log.ts'

const MINUTE = 60_000

const ANSWERS: Record<string, PushAnswer> = {
  accepted: { kind: 'accepted', retry: 'none', retryAfterMs: null, says: 'Kuma at h accepted the heartbeat' },
  refused: { kind: 'refused', retry: 'quick', retryAfterMs: null, says: 'Kuma at h refuses connections' },
  unknown: {
    kind: 'unknown-monitor',
    retry: 'none',
    retryAfterMs: null,
    says: 'Kuma at h does not know AWb…',
  },
  timeout: { kind: 'timeout', retry: 'none', retryAfterMs: null, says: 'Kuma at h did not answer' },
  repeatTimeout: { kind: 'timeout', retry: 'at-once', retryAfterMs: null, says: 'Kuma at h did not answer' },
  migrating: { kind: 'migrating', retry: 'slow', retryAfterMs: null, says: 'Kuma at h answered 404' },
  busy: { kind: 'busy', retry: 'quick', retryAfterMs: 20_000, says: 'Kuma at h answered 429' },
  busyForHours: { kind: 'busy', retry: 'quick', retryAfterMs: 7_200_000, says: 'Kuma at h answered 429' },
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

/** Time that passes only when the test says so. */
function createTime() {
  let now = 0
  const sleepers = new Set<{ at: number; wake: () => void }>()
  return {
    now: () => now,
    sleeping: () => sleepers.size,
    sleep: (ms: number, signal: AbortSignal) =>
      new Promise<void>((resolve, reject) => {
        const sleeper = { at: now + ms, wake: resolve }
        sleepers.add(sleeper)
        signal.addEventListener('abort', () => {
          sleepers.delete(sleeper)
          reject(new Error('aborted'))
        })
      }),
    async pass(ms: number) {
      const end = now + ms
      for (;;) {
        await turn()
        const next = [...sleepers].filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at)[0]
        if (!next) break
        now = next.at
        sleepers.delete(next)
        next.wake()
      }
      now = end
      await turn()
    },
  }
}

/** An outbox over a Kuma that answers as the test says; `push` takes 0 ms unless held. */
function createScene(answers: (attempt: number) => PushAnswer | Promise<PushAnswer>, random = 0.5) {
  const time = createTime()
  const sent: { at: number; msg: string }[] = []
  const lines: string[] = []
  const delivered: string[] = []
  let underWay = 0
  let together = 0
  const outbox = createOutbox({
    name: 'celery',
    async push(heartbeat, signal) {
      underWay += 1
      together = Math.max(together, underWay)
      sent.push({ at: time.now(), msg: heartbeat.msg })
      const aborted = new Promise<PushAnswer>((resolve) => {
        signal.addEventListener('abort', () =>
          resolve({ kind: 'aborted', retry: 'none', retryAfterMs: null, says: 'given up' }),
        )
      })
      try {
        return await Promise.race([answers(sent.length), aborted])
      } finally {
        underWay -= 1
      }
    },
    onDelivered: ({ msg }) => void delivered.push(msg),
    sleep: time.sleep,
    random: () => random,
    now: time.now,
    log: createLog({
      level: 'debug',
      format: 'text',
      write: (line) => lines.push(line.trimEnd()),
      now: time.now,
      mask: (text) => text,
    }),
  })
  return {
    time,
    sent,
    delivered,
    lines,
    outbox,
    together: () => together,
    times: () => sent.map(({ at }) => at),
    messages: () => sent.map(({ msg }) => msg),
  }
}

const up = (msg: string): Heartbeat => ({ status: 'up', msg, ping: 1 })
const down = (msg: string): Heartbeat => ({ status: 'down', msg, ping: null })

function answer(name: keyof typeof ANSWERS): PushAnswer {
  const found = ANSWERS[name]
  assert.ok(found)
  return found
}

/** A promise that the test settles. */
function held<T>() {
  let release!: (value: T) => void
  const promise = new Promise<T>((resolve) => {
    release = resolve
  })
  return { promise, release }
}

describe('the outbox', () => {
  test('sends a heartbeat at once, and says so the first time only', async () => {
    const scene = createScene(() => answer('accepted'))
    scene.outbox.offer(up('one'))
    assert.equal((await scene.outbox.settled())?.answer.kind, 'accepted')
    scene.outbox.offer(up('two'))
    await scene.time.pass(0)
    assert.deepEqual(scene.messages(), ['one', 'two'])
    assert.deepEqual(scene.lines, [
      'delivered the first heartbeat of celery: Kuma at h accepted the heartbeat',
    ])
    assert.deepEqual(scene.outbox.last, { heartbeat: up('two'), answer: answer('accepted'), attempts: 1 })
  })

  test('has one push under way, and only the newest of what came meanwhile goes right after', async () => {
    const first = held<PushAnswer>()
    const scene = createScene((attempt) => (attempt === 1 ? first.promise : answer('accepted')))
    scene.outbox.offer(up('one'))
    scene.outbox.offer(down('two'))
    scene.outbox.offer(up('three'))
    await scene.time.pass(MINUTE)
    assert.deepEqual(scene.messages(), ['one'])
    first.release(answer('accepted'))
    await scene.time.pass(0)
    assert.deepEqual(scene.messages(), ['one', 'three'])
    assert.equal(scene.together(), 1)
  })

  test('tells which heartbeats got through, and of no other', async () => {
    const scene = createScene((attempt) =>
      answer(['refused', 'accepted', 'timeout'][attempt - 1] ?? 'accepted'),
    )
    for (const msg of ['one', 'two', 'three']) {
      scene.outbox.offer(up(msg))
      await scene.time.pass(MINUTE)
    }
    assert.deepEqual(scene.messages(), ['one', 'one', 'two', 'three'])
    assert.deepEqual(scene.delivered, ['one', 'three'])
  })

  test('sends what came meanwhile right after a push that failed, instead of that one again', async () => {
    const first = held<PushAnswer>()
    const scene = createScene((attempt) => (attempt === 1 ? first.promise : answer('accepted')))
    scene.outbox.offer(up('one'))
    scene.outbox.offer(down('two'))
    first.release(answer('refused'))
    await scene.time.pass(MINUTE)
    assert.deepEqual(scene.sent, [
      { at: 0, msg: 'one' },
      { at: 0, msg: 'two' },
    ])
  })

  test('tries again after 2, 5 and 10 s while Kuma restarts', async () => {
    const scene = createScene((attempt) => answer(attempt < 4 ? 'refused' : 'accepted'))
    scene.outbox.offer(up('one'))
    await scene.time.pass(MINUTE)
    assert.deepEqual(scene.times(), [0, 2000, 7000, 17_000])
    assert.equal(scene.outbox.last?.attempts, 4)
    assert.deepEqual(scene.lines, [
      'warn: not delivered: celery: Kuma at h refuses connections',
      'celery: delivered again after 17 s, 0 heartbeats not delivered',
    ])
  })

  test('tries a repeated heartbeat without an answer again at once, one time', async () => {
    const scene = createScene(() => answer('repeatTimeout'))
    scene.outbox.offer(up('one'))
    await scene.time.pass(40_000)
    assert.deepEqual(scene.times(), [0, 0, 30_000])
    assert.equal(scene.together(), 1)
  })

  test('spreads its tries by a fifth, so that a fleet does not come back in one second', async () => {
    for (const [random, expected] of [
      [0, [0, 1600, 5600]],
      [1, [0, 2400, 8400]],
    ] as const) {
      const scene = createScene((attempt) => answer(attempt < 3 ? 'refused' : 'accepted'), random)
      scene.outbox.offer(up('one'))
      await scene.time.pass(MINUTE)
      assert.deepEqual(scene.times(), expected)
    }
  })

  test('goes on slowly when the quick tries are used up', async () => {
    const scene = createScene(() => answer('refused'))
    scene.outbox.offer(up('one'))
    await scene.time.pass(80_000)
    assert.deepEqual(scene.times(), [0, 2000, 7000, 17_000, 47_000, 77_000])
  })

  test('lets a newer heartbeat end the wait between two tries', async () => {
    const scene = createScene(() => answer('refused'))
    scene.outbox.offer(up('one'))
    await scene.time.pass(3000)
    scene.outbox.offer(down('two'))
    await scene.time.pass(3000)
    assert.deepEqual(scene.sent, [
      { at: 0, msg: 'one' },
      { at: 2000, msg: 'one' },
      { at: 3000, msg: 'two' },
      { at: 5000, msg: 'two' },
    ])
  })

  test('makes no haste any more when Kuma has been away for minutes', async () => {
    const scene = createScene(() => answer('refused'))
    for (let period = 0; period < 10; period += 1) {
      scene.outbox.offer(up(`${period}`))
      await scene.time.pass(24_000)
    }
    const tries = (period: number) => scene.messages().filter((msg) => msg === `${period}`).length
    assert.deepEqual([0, 1, 4, 6, 9].map(tries), [4, 4, 4, 1, 1])
  })

  test('does not repeat a push whose answer did not come: Kuma may have it', async () => {
    const scene = createScene(() => answer('timeout'))
    scene.outbox.offer(up('one'))
    await scene.time.pass(10 * MINUTE)
    assert.deepEqual(scene.messages(), ['one'])
    scene.outbox.offer(up('two'))
    await scene.time.pass(MINUTE)
    assert.deepEqual(scene.messages(), ['one', 'two'])
  })

  test('keeps pushing to an unknown or paused monitor at the normal pace, and warns once', async () => {
    const scene = createScene((attempt) => answer(attempt <= 5 ? 'unknown' : 'accepted'))
    for (let period = 0; period < 6; period += 1) {
      scene.outbox.offer(up(`${period}`))
      await scene.time.pass(24_000)
    }
    assert.deepEqual(scene.times(), [0, 24_000, 48_000, 72_000, 96_000, 120_000])
    assert.deepEqual(scene.lines, [
      'warn: not delivered: celery: Kuma at h does not know AWb…',
      'celery: delivered again after 2 min, 5 heartbeats not delivered',
    ])
  })

  test('retries slowly while Kuma upgrades its database', async () => {
    const scene = createScene((attempt) => answer(attempt < 3 ? 'migrating' : 'accepted'))
    scene.outbox.offer(up('one'))
    await scene.time.pass(5 * MINUTE)
    assert.deepEqual(scene.times(), [0, 30_000, 60_000])
  })

  test('honours Retry-After, for newer heartbeats too, and sends the newest then', async () => {
    const scene = createScene((attempt) => answer(attempt === 1 ? 'busy' : 'accepted'))
    scene.outbox.offer(up('one'))
    await scene.time.pass(5000)
    scene.outbox.offer(up('two'))
    await scene.time.pass(5000)
    scene.outbox.offer(down('three'))
    await scene.time.pass(MINUTE)
    assert.deepEqual(scene.sent, [
      { at: 0, msg: 'one' },
      { at: 20_000, msg: 'three' },
    ])
    assert.equal(scene.lines[1], 'celery: delivered again after 20 s, 2 heartbeats not delivered')
  })

  test('bears a Retry-After of hours for a minute only', async () => {
    const scene = createScene((attempt) => answer(attempt === 1 ? 'busyForHours' : 'accepted'))
    scene.outbox.offer(up('one'))
    await scene.time.pass(59_000)
    scene.outbox.offer(up('two'))
    await scene.time.pass(MINUTE)
    assert.deepEqual(scene.times(), [0, MINUTE])
  })

  test('is not held up by the outbox of another monitor', async () => {
    const stuck = createScene(() => held<PushAnswer>().promise)
    const other = createScene(() => answer('accepted'))
    stuck.outbox.offer(up('never'))
    other.outbox.offer(up('one'))
    assert.equal((await other.outbox.settled())?.answer.kind, 'accepted')
    await stuck.outbox.close()
  })

  test('goes on after a fault of its own, and tells it', async () => {
    const scene = createScene((attempt) => {
      if (attempt === 1) throw new TypeError('x is not a function')
      return answer('accepted')
    })
    scene.outbox.offer(up('one'))
    assert.equal((await scene.outbox.settled())?.answer.kind, 'agent-error')
    scene.outbox.offer(up('two'))
    assert.equal((await scene.outbox.settled())?.answer.kind, 'accepted')
    assert.equal(
      scene.lines[0],
      'warn: not delivered: celery: agent error while pushing: x is not a function',
    )
  })
})

describe('settled', () => {
  test('is null before anything was offered', async () => {
    assert.equal(await createScene(() => answer('accepted')).outbox.settled(), null)
  })

  test('waits for the quick tries', async () => {
    const scene = createScene((attempt) => answer(attempt < 3 ? 'refused' : 'accepted'))
    scene.outbox.offer(up('one'))
    let delivery
    void scene.outbox.settled().then((value) => (delivery = value))
    await scene.time.pass(6000)
    assert.equal(delivery, undefined)
    await scene.time.pass(1000)
    assert.deepEqual(delivery, { heartbeat: up('one'), answer: answer('accepted'), attempts: 3 })
  })

  test('does not wait for the slow ones', async () => {
    const scene = createScene(() => answer('refused'))
    scene.outbox.offer(up('one'))
    let delivery
    void scene.outbox.settled().then((value) => (delivery = value))
    await scene.time.pass(17_000)
    assert.deepEqual(delivery, { heartbeat: up('one'), answer: answer('refused'), attempts: 4 })
  })

  test('speaks of the newest heartbeat', async () => {
    const first = held<PushAnswer>()
    const scene = createScene((attempt) => (attempt === 1 ? first.promise : answer('unknown')))
    scene.outbox.offer(up('one'))
    const settled = scene.outbox.settled()
    scene.outbox.offer(down('two'))
    first.release(answer('accepted'))
    assert.deepEqual(await settled, { heartbeat: down('two'), answer: answer('unknown'), attempts: 1 })
  })

  test('does not wait out a long Retry-After', async () => {
    const scene = createScene(() => answer('busy'))
    scene.outbox.offer(up('one'))
    assert.equal((await scene.outbox.settled())?.answer.kind, 'busy')
  })
})

describe('close', () => {
  test('gives up the push under way, ends the waits, and takes nothing more', async () => {
    const scene = createScene(() => held<PushAnswer>().promise)
    scene.outbox.offer(up('one'))
    const settled = scene.outbox.settled()
    await scene.outbox.close()
    assert.equal(await settled, null)
    scene.outbox.offer(up('two'))
    await scene.time.pass(MINUTE)
    assert.deepEqual(scene.messages(), ['one'])
    assert.deepEqual(scene.lines, [])
  })

  test('ends the wait between two tries, and the one that Retry-After asked for', async () => {
    for (const name of ['refused', 'busy'] as const) {
      const scene = createScene(() => answer(name))
      scene.outbox.offer(up('one'))
      await scene.time.pass(1000)
      if (name === 'busy') scene.outbox.offer(up('two'))
      await scene.time.pass(0)
      assert.equal(scene.time.sleeping(), 1)
      await scene.outbox.close()
      assert.equal(scene.time.sleeping(), 0)
      await scene.time.pass(MINUTE)
      assert.equal(scene.sent.length, 1)
    }
  })

  test('of an idle outbox is no trouble, also twice', async () => {
    const { outbox } = createScene(() => answer('accepted'))
    await outbox.close()
    await outbox.close()
  })
})

describe('the log of the outbox', () => {
  test('tells a failure once, then every hour, then the recovery', async () => {
    let kuma = 'refused'
    const scene = createScene(() => answer(kuma))
    for (let period = 0; period < 325; period += 1) {
      scene.outbox.offer(up(`${period}`))
      await scene.time.pass(24_000)
    }
    kuma = 'accepted'
    scene.outbox.offer(up('back'))
    await scene.time.pass(24_000)
    assert.deepEqual(scene.lines, [
      'warn: not delivered: celery: Kuma at h refuses connections',
      'warn: not delivered: celery: Kuma at h refuses connections, for 60 min now, 150 heartbeats not delivered',
      'warn: not delivered: celery: Kuma at h refuses connections, for 2 h now, 300 heartbeats not delivered',
      'celery: delivered again after 2 h, 325 heartbeats not delivered',
    ])
  })

  test('tells when the failure becomes another one', async () => {
    const scene = createScene((attempt) =>
      answer(attempt === 1 ? 'refused' : attempt === 2 ? 'unknown' : 'accepted'),
    )
    scene.outbox.offer(up('one'))
    await scene.time.pass(24_000)
    scene.outbox.offer(up('two'))
    await scene.time.pass(0)
    assert.deepEqual(scene.lines, [
      'warn: not delivered: celery: Kuma at h refuses connections',
      'warn: not delivered: celery: Kuma at h does not know AWb…',
      'celery: delivered again after 24 s, 1 heartbeat not delivered',
    ])
  })

  test('stays short when the network flaps: at most two lines in ten minutes', async () => {
    const scene = createScene((attempt) => answer(attempt % 2 === 1 ? 'timeout' : 'accepted'))
    for (let period = 0; period < 150; period += 1) {
      scene.outbox.offer(up(`${period}`))
      await scene.time.pass(24_000)
    }
    assert.ok(scene.lines.length >= 10 && scene.lines.length <= 12, scene.lines.join('\n'))
  })

  test('still tells of a long failure that began soon after a short one', async () => {
    let kuma = 'refused'
    const scene = createScene(() => answer(kuma))
    const period = async () => {
      scene.outbox.offer(up('x'))
      await scene.time.pass(24_000)
    }
    scene.outbox.offer(up('x'))
    await scene.time.pass(1000)
    kuma = 'accepted'
    await period()
    kuma = 'refused'
    for (let i = 0; i < 25; i += 1) await period()
    assert.equal(scene.lines.length, 3, scene.lines.join('\n'))
    assert.equal(scene.lines[2], 'warn: not delivered: celery: Kuma at h refuses connections')
  })
})
