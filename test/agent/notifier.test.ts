import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Announcement, Notifier, type NotifierState } from '../../src/agent/notifier.ts'
import type { PushAnswer } from '../../src/kuma/answers.ts'
import type { Pusher } from '../../src/kuma/push.ts'
import { ManualClock } from '../helpers/manual-clock.ts'
import { memoryLog } from '../helpers/memory-log.ts'

const MINUTE = 60_000

const ANSWERS: Record<string, PushAnswer> = {
  accepted: {
    kind: 'accepted',
    retry: 'none',
    retryAfterMs: null,
    message: 'Kuma at h accepted the heartbeat',
  },
  refused: { kind: 'refused', retry: 'quick', retryAfterMs: null, message: 'Kuma at h refuses connections' },
  unknown: {
    kind: 'unknown-monitor',
    retry: 'none',
    retryAfterMs: null,
    message: 'Kuma at h does not know AWb…',
  },
  timeout: { kind: 'timeout', retry: 'none', retryAfterMs: null, message: 'Kuma at h did not answer' },
  repeatTimeout: {
    kind: 'timeout',
    retry: 'at-once',
    retryAfterMs: null,
    message: 'Kuma at h did not answer',
  },
  migrating: { kind: 'migrating', retry: 'slow', retryAfterMs: null, message: 'Kuma at h answered 404' },
  busy: { kind: 'busy', retry: 'quick', retryAfterMs: 20_000, message: 'Kuma at h answered 429' },
  busyForHours: { kind: 'busy', retry: 'quick', retryAfterMs: 7_200_000, message: 'Kuma at h answered 429' },
}

/** A notifier over a Kuma that answers as the test says; a push takes 0 ms unless held. */
function createScene(
  answers: (attempt: number) => PushAnswer | Promise<PushAnswer>,
  {
    random = 0.5,
    state = null,
    isThere = () => true,
  }: { random?: number; state?: NotifierState | null; isThere?: (atMs: number) => boolean } = {},
) {
  const clock = new ManualClock()
  clock.chance = random
  const startMs = clock.now()
  const sent: { at: number; msg: string }[] = []
  const repeats: boolean[] = []
  const log = memoryLog()
  let underWay = 0
  let together = 0
  const pusher: Pusher = {
    isThere: () => Promise.resolve(isThere(clock.now() - startMs)),
    async push({ msg }, isRepeat, signal) {
      underWay += 1
      together = Math.max(together, underWay)
      sent.push({ at: clock.now() - startMs, msg })
      repeats.push(isRepeat)
      const aborted = held<PushAnswer>()
      const giveUp = (): void =>
        aborted.release({ kind: 'aborted', retry: 'none', retryAfterMs: null, message: 'given up' })
      signal.addEventListener('abort', giveUp)
      try {
        return await Promise.race([answers(sent.length), aborted.promise])
      } finally {
        signal.removeEventListener('abort', giveUp)
        underWay -= 1
      }
    },
  }
  const notifier = new Notifier({ name: 'celery', kuma: 'kuma', pusher, clock, log, state })
  return {
    clock,
    sent,
    repeats,
    lines: log.lines,
    notifier,
    offer: (announcement: Announcement) => void notifier.offer(announcement),
    together: () => together,
    times: () => sent.map(({ at }) => at),
    messages: () => sent.map(({ msg }) => msg),
  }
}

const announce = (status: 'up' | 'down', message: string): Announcement => ({
  verdict: { status, message, ping: null },
  restartsUntilMs: null,
  content: null,
})
const up = (message: string): Announcement => announce('up', message)
const down = (message: string): Announcement => announce('down', message)

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

describe('the notifier', () => {
  test('sends a heartbeat at once, and says so the first time only', async () => {
    const scene = createScene(() => answer('accepted'))
    scene.offer(up('one'))
    assert.equal(await scene.notifier.settled(), true)
    scene.offer(up('two'))
    await scene.clock.advance(0)
    assert.deepEqual(scene.messages(), ['one', 'two'])
    assert.deepEqual(scene.lines, [
      'info: delivered the first heartbeat of celery: Kuma at h accepted the heartbeat',
    ])
  })

  test('has one push under way, and only the newest of what came meanwhile goes right after', async () => {
    const first = held<PushAnswer>()
    const scene = createScene((attempt) => (attempt === 1 ? first.promise : answer('accepted')))
    scene.offer(up('one'))
    scene.offer(down('two'))
    scene.offer(up('three'))
    await scene.clock.advance(MINUTE)
    assert.deepEqual(scene.messages(), ['one'])
    first.release(answer('accepted'))
    await scene.clock.advance(0)
    assert.equal(scene.sent.length, 2)
    assert.match(scene.messages()[1] ?? '', /^three · was down at .*: two$/)
    assert.equal(scene.together(), 1)
  })

  test('tells of each verdict whether it got through, and whether Kuma knew it', async () => {
    const scene = createScene((attempt) =>
      answer(['refused', 'accepted', 'unknown', 'accepted'][attempt - 1] ?? 'accepted'),
    )
    const outcomes: string[] = []
    for (const announcement of [up('one'), down('two'), down('three'), down('four')]) {
      void scene.notifier.offer(announcement).then((outcome) => outcomes.push(outcome))
      await scene.clock.advance(MINUTE)
    }
    assert.deepEqual(scene.messages(), ['one', 'one', 'two', 'three', 'four'])
    assert.deepEqual(outcomes, ['news', 'lost', 'news', 'repeat'])
  })

  test('sends what came meanwhile right after a push that failed, instead of that one again', async () => {
    const first = held<PushAnswer>()
    const scene = createScene((attempt) => (attempt === 1 ? first.promise : answer('accepted')))
    scene.offer(up('one'))
    scene.offer(down('two'))
    first.release(answer('refused'))
    await scene.clock.advance(MINUTE)
    assert.deepEqual(scene.sent, [
      { at: 0, msg: 'one' },
      { at: 0, msg: 'two' },
    ])
  })

  test('tries again after 2, 5 and 10 s while Kuma restarts', async () => {
    const scene = createScene((attempt) => answer(attempt < 4 ? 'refused' : 'accepted'))
    scene.offer(up('one'))
    await scene.clock.advance(MINUTE)
    assert.deepEqual(scene.times(), [0, 2000, 7000, 17_000])
    assert.deepEqual(scene.lines, [
      'warn: not delivered: celery: Kuma at h refuses connections',
      'info: celery: delivered again after 17 s, 0 heartbeats not delivered',
    ])
  })

  test('tries a repeated heartbeat without an answer again at once, one time', async () => {
    const scene = createScene(() => answer('repeatTimeout'))
    scene.offer(up('one'))
    await scene.clock.advance(40_000)
    assert.deepEqual(scene.times(), [0, 0, 30_000])
    assert.equal(scene.together(), 1)
  })

  test('spreads its tries by a fifth, so that a fleet does not come back in one second', async () => {
    for (const [random, expected] of [
      [0, [0, 1600, 5600]],
      [1, [0, 2400, 8400]],
    ] as const) {
      const scene = createScene((attempt) => answer(attempt < 3 ? 'refused' : 'accepted'), { random })
      scene.offer(up('one'))
      await scene.clock.advance(MINUTE)
      assert.deepEqual(scene.times(), expected)
    }
  })

  test('goes on slowly when the quick tries are used up', async () => {
    const scene = createScene(() => answer('refused'))
    scene.offer(up('one'))
    await scene.clock.advance(80_000)
    assert.deepEqual(scene.times(), [0, 2000, 7000, 17_000, 47_000, 77_000])
  })

  test('lets a newer heartbeat end the wait between two tries', async () => {
    const scene = createScene(() => answer('refused'))
    scene.offer(up('one'))
    await scene.clock.advance(3000)
    scene.offer(down('two'))
    await scene.clock.advance(3000)
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
      scene.offer(up(`${period}`))
      await scene.clock.advance(24_000)
    }
    const tries = (period: number) => scene.messages().filter((msg) => msg === `${period}`).length
    assert.deepEqual([0, 1, 4, 6, 9].map(tries), [4, 4, 4, 1, 1])
  })

  test('does not repeat a push whose answer did not come: Kuma may have it', async () => {
    const scene = createScene(() => answer('timeout'))
    scene.offer(up('one'))
    await scene.clock.advance(10 * MINUTE)
    assert.deepEqual(scene.messages(), ['one'])
    scene.offer(up('two'))
    await scene.clock.advance(MINUTE)
    assert.deepEqual(scene.messages(), ['one', 'two'])
  })

  test('keeps pushing to an unknown or paused monitor at the normal pace, and warns once', async () => {
    const scene = createScene((attempt) => answer(attempt <= 5 ? 'unknown' : 'accepted'))
    for (let period = 0; period < 6; period += 1) {
      scene.offer(up(`${period}`))
      await scene.clock.advance(24_000)
    }
    assert.deepEqual(scene.times(), [0, 24_000, 48_000, 72_000, 96_000, 120_000])
    assert.deepEqual(scene.lines, [
      'warn: not delivered: celery: Kuma at h does not know AWb…',
      'info: celery: delivered again after 2 min, 5 heartbeats not delivered',
    ])
  })

  test('retries slowly while Kuma upgrades its database', async () => {
    const scene = createScene((attempt) => answer(attempt < 3 ? 'migrating' : 'accepted'))
    scene.offer(up('one'))
    await scene.clock.advance(5 * MINUTE)
    assert.deepEqual(scene.times(), [0, 30_000, 60_000])
  })

  test('honours Retry-After, for newer heartbeats too, and sends the newest then', async () => {
    const scene = createScene((attempt) => answer(attempt === 1 ? 'busy' : 'accepted'))
    scene.offer(up('one'))
    await scene.clock.advance(5000)
    scene.offer(up('two'))
    await scene.clock.advance(5000)
    scene.offer(down('three'))
    await scene.clock.advance(MINUTE)
    assert.deepEqual(scene.sent, [
      { at: 0, msg: 'one' },
      { at: 20_000, msg: 'three' },
    ])
    assert.equal(scene.lines[1], 'info: celery: delivered again after 20 s, 2 heartbeats not delivered')
  })

  test('bears a Retry-After of hours for a minute only', async () => {
    const scene = createScene((attempt) => answer(attempt === 1 ? 'busyForHours' : 'accepted'))
    scene.offer(up('one'))
    await scene.clock.advance(59_000)
    scene.offer(up('two'))
    await scene.clock.advance(MINUTE)
    assert.deepEqual(scene.times(), [0, MINUTE])
  })

  test('is not held up by the notifier of another monitor', async () => {
    const stuck = createScene(() => held<PushAnswer>().promise)
    const other = createScene(() => answer('accepted'))
    stuck.offer(up('never'))
    other.offer(up('one'))
    assert.equal(await other.notifier.settled(), true)
    await stuck.notifier.close()
  })

  test('goes on after a fault of its own, and tells it', async () => {
    const scene = createScene((attempt) => {
      if (attempt === 1) throw new TypeError('x is not a function')
      return answer('accepted')
    })
    scene.offer(up('one'))
    assert.equal(await scene.notifier.settled(), false)
    assert.equal(scene.notifier.state.delivery?.answer.kind, 'agent-error')
    scene.offer(up('two'))
    assert.equal(await scene.notifier.settled(), true)
    assert.equal(
      scene.lines[0],
      'warn: not delivered: celery: agent error while pushing: x is not a function',
    )
  })
})

describe('an UP that follows a DOWN', () => {
  test('is sent again 2 to 3 s after its answer, with the same message, and settles then', async () => {
    const late = held<PushAnswer>()
    const scene = createScene((attempt) => (attempt === 2 ? late.promise : answer('accepted')))
    scene.offer(down('one'))
    await scene.clock.advance(10_000)
    scene.offer(up('two'))
    let isDelivered
    void scene.notifier.settled().then((value) => (isDelivered = value))
    await scene.clock.advance(4000)
    late.release(answer('accepted'))
    await scene.clock.advance(2400)
    assert.equal(isDelivered, undefined)
    await scene.clock.advance(MINUTE)
    assert.deepEqual(scene.sent, [
      { at: 0, msg: 'one' },
      { at: 10_000, msg: 'two' },
      { at: 16_500, msg: 'two' },
    ])
    assert.equal(isDelivered, true)
    assert.deepEqual(scene.repeats, [false, false, true])
  })

  test('is sent again only if it is up still', async () => {
    const scene = createScene(() => answer('accepted'))
    for (const announcement of [down('one'), up('two'), down('three')]) {
      scene.offer(announcement)
      await scene.clock.advance(1000)
    }
    await scene.clock.advance(MINUTE)
    assert.deepEqual(scene.messages(), ['one', 'two', 'three'])
  })

  test('is not spared by an UP that comes before, and by one that comes after it is', async () => {
    const scene = createScene(() => answer('accepted'))
    scene.offer(down('one'))
    await scene.clock.advance(1000)
    scene.offer(up('two'))
    await scene.clock.advance(1000)
    scene.offer(up('three'))
    await scene.clock.advance(MINUTE)
    scene.offer(up('four'))
    await scene.clock.advance(MINUTE)
    assert.deepEqual(scene.messages(), ['one', 'two', 'three', 'three', 'four'])
    assert.deepEqual(scene.times(), [0, 1000, 2000, 3500, 62_000])
  })

  test('is sent again by the next run, after a DOWN that Kuma may have', async () => {
    const before = createScene((attempt) => answer(attempt === 1 ? 'accepted' : 'timeout'))
    before.offer(up('one'))
    await before.clock.advance(1000)
    before.offer(down('two'))
    await before.clock.advance(1000)
    const after = createScene(() => answer('accepted'), { state: before.notifier.state })
    after.offer(up('three'))
    await after.clock.advance(MINUTE)
    assert.equal(after.sent.length, 2)
    assert.equal(after.messages()[0], after.messages()[1])
  })

  test('counts as delivered when only its echo fails', async () => {
    const scene = createScene((attempt) => answer(attempt < 3 ? 'accepted' : 'unknown'))
    scene.offer(down('one'))
    await scene.clock.advance(1000)
    scene.offer(up('two'))
    const settled = scene.notifier.settled()
    await scene.clock.advance(MINUTE)
    assert.equal(await settled, true)
  })
})

describe('a DOWN that is not answered in time', () => {
  const late = (promise: Promise<PushAnswer>): PushAnswer => ({ ...answer('timeout'), late: promise })

  test('is followed by no other DOWN before its answer, and then by one', async () => {
    const first = held<PushAnswer>()
    const scene = createScene((attempt) => (attempt === 1 ? late(first.promise) : answer('accepted')))
    for (const message of ['one', 'two', 'three', 'four', 'five']) {
      scene.offer(down(message))
      await scene.clock.advance(24_000)
    }
    assert.deepEqual(scene.messages(), ['one'])
    assert.equal(scene.notifier.state.openSinceMs, 1_000_000)
    first.release(answer('accepted'))
    await scene.clock.advance(10 * MINUTE)
    assert.deepEqual(scene.messages(), ['one', 'five'])
    assert.equal(scene.notifier.state.openSinceMs, null)
    assert.ok(scene.lines.some((line) => line.includes('Kuma answered a DOWN after 2 min')))
  })

  test('lets UPs through, and the last one once more after it, since Kuma stores it over them', async () => {
    const first = held<PushAnswer>()
    const scene = createScene((attempt) => (attempt === 1 ? late(first.promise) : answer('accepted')))
    scene.offer(down('one'))
    await scene.clock.advance(24_000)
    scene.offer(up('two'))
    await scene.clock.advance(24_000)
    assert.equal(scene.sent.length, 3)
    first.release(answer('accepted'))
    await scene.clock.advance(MINUTE)
    assert.equal(scene.sent.length, 5)
    assert.ok(
      scene
        .messages()
        .slice(1)
        .every((message) => message.startsWith('two')),
    )
    assert.equal(scene.repeats[3], false)
  })

  test('is over when an UP was accepted: the next stop is told at once', async () => {
    const scene = createScene((attempt) =>
      attempt === 1 ? late(held<PushAnswer>().promise) : answer('accepted'),
    )
    for (const announcement of [down('one'), up('two'), down('three')]) {
      scene.offer(announcement)
      await scene.clock.advance(1000)
    }
    assert.equal(scene.messages().length, 3)
  })

  test('is over after five minutes', async () => {
    const scene = createScene((attempt) =>
      attempt === 1 ? late(held<PushAnswer>().promise) : answer('accepted'),
    )
    scene.offer(down('one'))
    await scene.clock.advance(10 * MINUTE)
    assert.deepEqual(scene.times(), [0, 5 * MINUTE])
  })

  test('is lost when Kuma was away meanwhile, and told again when it is back', async () => {
    const isThere = (atMs: number) => atMs < 30_000 || atMs > 70_000
    const scene = createScene(
      (attempt) => (attempt === 1 ? late(held<PushAnswer>().promise) : answer('accepted')),
      { isThere },
    )
    scene.offer(down('one'))
    await scene.clock.advance(4 * MINUTE)
    assert.deepEqual(scene.times(), [0, 80_000])
  })

  test('stays open for the next run', async () => {
    const before = createScene(() => answer('timeout'))
    before.offer(down('one'))
    await before.clock.advance(1000)
    const { state } = before.notifier
    await before.notifier.close()
    assert.deepEqual(before.notifier.state, state)
    const after = createScene(() => answer('accepted'), { state })
    after.offer(down('two'))
    assert.equal(await after.notifier.settled(), false)
    assert.deepEqual(after.messages(), [])
    await after.clock.advance(6 * MINUTE)
    assert.deepEqual(after.times(), [5 * MINUTE])
  })
})

describe('settled', () => {
  test('is false before anything was offered', async () => {
    assert.equal(await createScene(() => answer('accepted')).notifier.settled(), false)
  })

  test('waits for the quick tries', async () => {
    const scene = createScene((attempt) => answer(attempt < 3 ? 'refused' : 'accepted'))
    scene.offer(up('one'))
    let isDelivered
    void scene.notifier.settled().then((value) => (isDelivered = value))
    await scene.clock.advance(6000)
    assert.equal(isDelivered, undefined)
    await scene.clock.advance(1000)
    assert.equal(isDelivered, true)
  })

  test('does not wait for the slow ones', async () => {
    const scene = createScene(() => answer('refused'))
    scene.offer(up('one'))
    let isDelivered
    void scene.notifier.settled().then((value) => (isDelivered = value))
    await scene.clock.advance(17_000)
    assert.equal(isDelivered, false)
    assert.equal(scene.sent.length, 4)
  })

  test('speaks of the newest heartbeat', async () => {
    const first = held<PushAnswer>()
    const scene = createScene((attempt) => (attempt === 1 ? first.promise : answer('unknown')))
    scene.offer(up('one'))
    const settled = scene.notifier.settled()
    scene.offer(down('two'))
    first.release(answer('accepted'))
    assert.equal(await settled, false)
  })

  test('does not wait out a long Retry-After', async () => {
    const scene = createScene(() => answer('busy'))
    scene.offer(up('one'))
    assert.equal(await scene.notifier.settled(), false)
  })
})

describe('close', () => {
  test('gives up the push under way, ends the waits, and takes nothing more', async () => {
    const scene = createScene(() => held<PushAnswer>().promise)
    scene.offer(up('one'))
    const settled = scene.notifier.settled()
    await scene.notifier.close()
    assert.equal(await settled, false)
    scene.offer(up('two'))
    await scene.clock.advance(MINUTE)
    assert.deepEqual(scene.messages(), ['one'])
    assert.deepEqual(scene.lines, [])
  })

  test('ends the wait between two tries, and the one that Retry-After asked for', async () => {
    for (const name of ['refused', 'busy'] as const) {
      const scene = createScene(() => answer(name))
      scene.offer(up('one'))
      await scene.clock.advance(1000)
      if (name === 'busy') scene.offer(up('two'))
      await scene.clock.advance(0)
      assert.equal(scene.clock.sleeping, 1)
      await scene.notifier.close()
      assert.equal(scene.clock.sleeping, 0)
      await scene.clock.advance(MINUTE)
      assert.equal(scene.sent.length, 1)
    }
  })

  test('of an idle notifier is no trouble, also twice', async () => {
    const { notifier } = createScene(() => answer('accepted'))
    await notifier.close()
    await notifier.close()
  })
})

describe('the log of the notifier', () => {
  test('tells a failure once, then every hour, then the recovery', async () => {
    let kuma = 'refused'
    const scene = createScene(() => answer(kuma))
    for (let period = 0; period < 325; period += 1) {
      scene.offer(up(`${period}`))
      await scene.clock.advance(24_000)
    }
    kuma = 'accepted'
    scene.offer(up('back'))
    await scene.clock.advance(24_000)
    assert.deepEqual(scene.lines, [
      'warn: not delivered: celery: Kuma at h refuses connections',
      'warn: not delivered: celery: Kuma at h refuses connections, for 60 min now, 150 heartbeats not delivered',
      'warn: not delivered: celery: Kuma at h refuses connections, for 2 h now, 300 heartbeats not delivered',
      'info: celery: delivered again after 2 h, 325 heartbeats not delivered',
    ])
  })

  test('tells when the failure becomes another one', async () => {
    const scene = createScene((attempt) =>
      answer(attempt === 1 ? 'refused' : attempt === 2 ? 'unknown' : 'accepted'),
    )
    scene.offer(up('one'))
    await scene.clock.advance(24_000)
    scene.offer(up('two'))
    await scene.clock.advance(0)
    assert.deepEqual(scene.lines, [
      'warn: not delivered: celery: Kuma at h refuses connections',
      'warn: not delivered: celery: Kuma at h does not know AWb…',
      'info: celery: delivered again after 24 s, 1 heartbeat not delivered',
    ])
  })

  test('stays short when the network flaps: at most two lines in ten minutes', async () => {
    const scene = createScene((attempt) => answer(attempt % 2 === 1 ? 'timeout' : 'accepted'))
    for (let period = 0; period < 150; period += 1) {
      scene.offer(up(`${period}`))
      await scene.clock.advance(24_000)
    }
    assert.ok(scene.lines.length >= 10 && scene.lines.length <= 12, scene.lines.join('\n'))
    assert.match(
      scene.lines.at(-2) ?? '',
      /did not answer \(12 times for a short while in the last 10 min\)$/,
    )
  })

  test('still tells of a long failure that began soon after a short one', async () => {
    let kuma = 'refused'
    const scene = createScene(() => answer(kuma))
    const period = async () => {
      scene.offer(up('x'))
      await scene.clock.advance(24_000)
    }
    scene.offer(up('x'))
    await scene.clock.advance(1000)
    kuma = 'accepted'
    await period()
    kuma = 'refused'
    for (let i = 0; i < 25; i += 1) await period()
    assert.equal(scene.lines.length, 3, scene.lines.join('\n'))
    assert.equal(scene.lines[2], 'warn: not delivered: celery: Kuma at h refuses connections')
  })
})

describe('an outage soon after a short one', () => {
  /** Two failures within ten minutes: one of 20 s, and one of the given time, over heartbeats of the given period. */
  async function failTwice(secondMs: number, periodMs: number) {
    let kuma = 'timeout'
    const scene = createScene(() => answer(kuma))
    const periods = async (ms: number) => {
      for (let past = 0; past < ms; past += periodMs) {
        scene.offer(up('x'))
        await scene.clock.advance(periodMs)
      }
    }
    await periods(20_000)
    kuma = 'accepted'
    await periods(MINUTE)
    kuma = 'timeout'
    await periods(secondMs)
    kuma = 'accepted'
    await periods(15 * MINUTE)
    return scene.lines
  }

  test('is in the log while it lasts, with its end', async () => {
    assert.deepEqual(await failTwice(3 * MINUTE, 20_000), [
      'warn: not delivered: celery: Kuma at h did not answer',
      'info: celery: delivered again after 20 s, 1 heartbeat not delivered',
      'warn: not delivered: celery: Kuma at h did not answer',
      'info: celery: delivered again after 3 min, 9 heartbeats not delivered',
    ])
  })

  test('is in the log with rare heartbeats too', async () => {
    const lines = await failTwice(4 * MINUTE, 4 * MINUTE)
    assert.deepEqual(lines.slice(2), [
      'warn: not delivered: celery: Kuma at h did not answer',
      'info: celery: delivered again after 4 min, 1 heartbeat not delivered',
    ])
  })

  test('is in the log when it is short as well, within minutes', async () => {
    assert.deepEqual((await failTwice(40_000, 20_000)).slice(2), [
      'warn: not delivered: celery: Kuma at h did not answer (once for a short while in the last 10 min)',
    ])
  })
})

describe('the state of the notifier', () => {
  test('keeps the last heartbeat that Kuma took while later ones fail', async () => {
    const scene = createScene((attempt) => answer(attempt === 1 ? 'accepted' : 'unknown'))
    scene.offer(up('one'))
    await scene.notifier.settled()
    const first = scene.notifier.state.delivery
    assert.equal(first?.delivered?.status, 'up')
    assert.equal(first.answer.kind, 'accepted')
    scene.offer(down('two'))
    await scene.notifier.settled()
    const { delivery } = scene.notifier.state
    assert.deepEqual(delivery?.delivered, first.delivered)
    assert.equal(delivery.answer.kind, 'unknown-monitor')
    assert.equal(delivery.answer.says, 'Kuma at h does not know AWb…')
  })

  test('knows no answer of a push that was given up because the agent stops', async () => {
    const scene = createScene(() => held<PushAnswer>().promise)
    scene.offer(up('one'))
    await scene.notifier.close()
    assert.equal(scene.notifier.state.delivery, null)
  })

  test('has the next run tell what Kuma missed, and as news', async () => {
    const before = createScene((attempt) => answer(attempt === 1 ? 'accepted' : 'unknown'))
    before.offer(up('one'))
    await before.clock.advance(0)
    before.offer(down('two'))
    await before.clock.advance(0)
    const after = createScene(() => answer('accepted'), { state: before.notifier.state })
    after.offer(up('three'))
    await after.clock.advance(0)
    assert.match(after.messages()[0] ?? '', /^three · was down at \d\d:\d\d: two$/)
    after.offer(up('four'))
    await after.clock.advance(0)
    assert.deepEqual(after.repeats, [false, true])
    assert.deepEqual(after.messages().slice(1), ['four'])
  })
})
