import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { CrashNote, writeCrashNote } from '../../src/agent/crash-note.ts'
import type { ProcessEvent } from '../../src/collect/supervisor/log.ts'
import { Monitor, type Sending } from '../../src/agent/monitor.ts'
import type { Outcome } from '../../src/agent/notifier.ts'
import { composeMessage } from '../../src/rules/message.ts'
import { GridPeriod } from '../../src/agent/pacing.ts'
import type { StatusSince } from '../../src/agent/state.ts'
import { eventually } from '../helpers/eventually.ts'
import { temporaryFolder } from '../helpers/fake-bus.ts'
import { memorySending } from '../helpers/memory-sending.ts'
import { answered, failed, snapshot, program, monitorSettings, unitState } from '../helpers/snapshots.ts'

/** It died before this start, as the log tells. */
const looksWell = (start: number) => {
  const events: ProcessEvent[] = [
    { name: 'web', kind: 'exited', expected: false, why: 'exit 1' },
    { name: 'web', kind: 'running' },
  ]
  const processes = [program('web', 'RUNNING', { start, pid: start })]
  return snapshot(unitState(), answered(processes, null, { events }))
}
const DIED = snapshot(unitState(), failed('refused'))

describe('a restart that nobody asked for', () => {
  const restarted = () => {
    const monitor = new Monitor('web', monitorSettings(), {}, null)
    monitor.update(looksWell(100), 1_000)
    monitor.update(looksWell(200), 6_000)
    return monitor
  }
  const said = (monitor: Monitor) => monitor.announcement?.verdict.message
  const untilMs = (monitor: Monitor) => monitor.announcement?.restartsUntilMs ?? null

  it('is told until it has reached Kuma, and then no more', () => {
    const monitor = restarted()
    for (const seconds of [11, 16]) {
      monitor.update(looksWell(200), seconds * 1_000)
      assert.equal(said(monitor), `1 of 1 running · web restarted 1× (exit 1) ${seconds - 6} s ago`)
    }
    assert.equal(monitor.told(untilMs(monitor) ?? 0), true)
    monitor.update(looksWell(200), 21_000)
    assert.equal(said(monitor), '1 of 1 running')
  })

  it('is news at once, and once', () => {
    const { sending, sent } = memorySending()
    const monitor = new Monitor('web', monitorSettings(), {}, sending)
    monitor.update(looksWell(100), 1_000)
    const counts = [10_000, 10_050, 16_000].map((nowMs) => {
      monitor.update(looksWell(200), nowMs)
      return sent.length
    })
    assert.deepEqual(counts, [2, 2, 2])
  })

  it('waits when other news went out shortly before', () => {
    const { sending, sent } = memorySending()
    const monitor = new Monitor('web', monitorSettings(), {}, sending)
    monitor.update(looksWell(100), 1_000)
    const starts: [number, number][] = [
      [200, 10_000],
      [300, 12_000],
      [300, 14_900],
      [300, 15_000],
      [300, 20_000],
    ]
    const counts = starts.map(([start, nowMs]) => {
      monitor.update(looksWell(start), nowMs)
      return sent.length
    })
    assert.deepEqual(counts, [2, 2, 2, 3, 3])
  })

  it('is told again when another one follows', () => {
    const monitor = restarted()
    monitor.told(untilMs(monitor) ?? 0)
    monitor.update(looksWell(300), 11_000)
    assert.equal(said(monitor), '1 of 1 running · web restarted 1× (exit 1) just now')
  })

  it('is not taken for told by a heartbeat that was delivered late', () => {
    const monitor = new Monitor('web', monitorSettings(), {}, null)
    monitor.update(looksWell(100), 1_000)
    const before = untilMs(monitor)
    monitor.update(looksWell(200), 6_000)
    assert.equal(monitor.told(before ?? 0), false)
    monitor.update(looksWell(200), 11_000)
    assert.match(said(monitor) ?? '', /restarted 1×/)
  })

  it('is not taken for told by a message that speaks of something else', () => {
    const monitor = restarted()
    monitor.update(DIED, 8_000)
    monitor.update(DIED, 10_000)
    assert.match(said(monitor) ?? '', /^supervisor\.service is active but nobody listens/)
    assert.equal(untilMs(monitor), null)
    const failing = restarted()
    failing.fail('x is not a function', 7_000)
    assert.equal(untilMs(failing), null)
  })

  it('is not taken for told while its program is on its way back', () => {
    const monitor = restarted()
    const backoff = program('web', 'BACKOFF', { start: 200 })
    monitor.update(snapshot(unitState(), answered([backoff])), 8_000)
    assert.equal(untilMs(monitor), null)
    monitor.update(looksWell(200), 11_000)
    assert.match(said(monitor) ?? '', /restarted 1×/)
    assert.equal(untilMs(monitor), 11_000)
  })

  it('stays told over a restart of the agent', () => {
    const monitor = restarted()
    monitor.told(6_000)
    const next = new Monitor('web', monitorSettings(), monitor.record, null)
    next.update(looksWell(200), 11_000)
    assert.equal(said(next), '1 of 1 running')
  })

  it('is remembered until it has reached Kuma, however long that takes', () => {
    const monitor = restarted()
    const hoursLater = 6_000 + 3 * 3_600_000
    for (let ms = 11_000; ms <= hoursLater; ms += 60_000) monitor.update(looksWell(200), ms)
    monitor.update(looksWell(200), hoursLater)
    assert.equal(said(monitor), '1 of 1 running · web restarted 1× (exit 1) 3 h ago')
    assert.equal(monitor.told(hoursLater), true)
    monitor.update(looksWell(200), hoursLater + 5_000)
    assert.equal(said(monitor), '1 of 1 running')
    assert.deepEqual(monitor.state.programs.get('web:web')?.restarts, [])
  })

  it('is remembered over a restart of supervisord', () => {
    const monitor = restarted()
    const anew = snapshot(
      unitState(),
      answered([program('web', 'RUNNING', { start: 300, pid: 300 })], null, { pid: 9 }),
    )
    monitor.update(anew, 600_000)
    assert.equal(said(monitor), '1 of 1 running · web restarted 1× (exit 1) 9 min 54 s ago')
  })

  it('is no crash loop together with others of hours ago, and bounded', () => {
    const monitor = restarted()
    for (let hour = 1; hour <= 50; hour += 1) monitor.update(looksWell(200 + hour), hour * 3_600_000)
    assert.equal(said(monitor), '1 of 1 running · web restarted 20× (exit 1) just now')
  })

  it('is not repeated by a heartbeat that was made before the one that told it was delivered', () => {
    const monitor = restarted()
    const messageFor = (toldMs: number) => {
      const { content } = monitor.announcement ?? assert.fail('it has nothing to say')
      return composeMessage(content ?? assert.fail('it is an error of the agent'), toldMs)
    }
    const toldMs = untilMs(monitor) ?? 0
    monitor.update(looksWell(200), 11_000)
    assert.equal(messageFor(toldMs), '1 of 1 running')
    assert.match(messageFor(0), /web restarted 1×/)
    monitor.update(looksWell(300), 16_000)
    assert.equal(messageFor(toldMs), '1 of 1 running · web restarted 1× (exit 1) just now')
    assert.equal(messageFor(0), '1 of 1 running · web restarted 2× (exit 1) just now')
  })
})

describe('since when a monitor is what it is', () => {
  it('is kept, over a restart of the agent too', () => {
    const before: { statusSince: StatusSince } = { statusSince: { status: 'up', sinceMs: 5 } }
    const monitor = new Monitor('web', monitorSettings(), before, null)
    monitor.update(looksWell(100), 1_000)
    assert.deepEqual(monitor.record.statusSince, before.statusSince)
    const nowMs = Date.now()
    monitor.fail('x is not a function', 2_000)
    const { status, sinceMs } = monitor.record.statusSince
    assert.equal(status, 'down')
    assert.ok(sinceMs >= nowMs)
  })
})

describe('a change of a verdict', () => {
  it('is sent, logged and saved at once', () => {
    const { sending, sent, log, saves } = memorySending()
    const monitor = new Monitor('web', monitorSettings(), {}, sending)
    for (const nowMs of [1_000, 2_000]) monitor.update(looksWell(100), nowMs)
    assert.deepEqual([sent.length, saves()], [1, 1])
    for (const nowMs of [3_000, 4_000]) monitor.fail('x is not a function', nowMs)
    assert.deepEqual([sent.length, saves()], [2, 2])
    assert.deepEqual(log.lines, [
      'info: web is up: 1 of 1 running',
      'info: web is down: agent error: x is not a function',
    ])
  })
})

describe('the heartbeats of a monitor', () => {
  /** Asks every second what is due, and gives the seconds at which something was sent. */
  const start = () => {
    const { sending, sent } = memorySending(new GridPeriod(24_000, 10_000))
    const monitor = new Monitor('web', monitorSettings(), {}, sending)
    const sentAt: number[] = []
    let second = 0
    const note = (): void => {
      while (sentAt.length < sent.length) sentAt.push(second)
    }
    const runTo = (end: number): void => {
      for (; second < end; second += 1) {
        monitor.sendDue(second * 1_000, Infinity)
        note()
      }
    }
    const update = (startSeconds: number): void => {
      monitor.update(looksWell(startSeconds), second * 1_000)
      note()
    }
    return { sentAt, runTo, update }
  }

  it('go out at once with the first verdict, and then at their phase and on the period', () => {
    const { sentAt, runTo, update } = start()
    runTo(2)
    update(100)
    runTo(60)
    assert.deepEqual(sentAt, [2, 10, 34, 58])
  })

  it('go out at once with news, which restart the period', () => {
    const { sentAt, runTo, update } = start()
    update(100)
    runTo(40)
    update(200)
    runTo(70)
    assert.deepEqual(sentAt, [0, 10, 34, 40, 64])
  })

  it('are none while nothing can be said', () => {
    const { sentAt, runTo } = start()
    runTo(60)
    assert.deepEqual(sentAt, [])
  })
})

describe('an internal error of the agent before', () => {
  it('is told with each heartbeat until one is delivered, and is then forgotten', async (t) => {
    const path = join(temporaryFolder(t), 'state.json.crash')
    writeCrashNote(path, 'x is not a function')
    const { sending, sent } = memorySending()
    const crashNote = await CrashNote.read(path)
    const outcomes: Outcome[] = ['lost', 'news', 'repeat']
    const offer: Sending['notifier']['offer'] = async (announcement) => {
      sent.push(announcement)
      return outcomes.shift() ?? 'repeat'
    }
    const notifier = { ...sending.notifier, offer }
    const monitor = new Monitor('web', monitorSettings(), {}, { ...sending, notifier, crashNote })
    monitor.update(looksWell(100), 1_000)
    for (let count = 0; count < 2; count += 1) {
      await turn()
      monitor.send()
    }
    const note = ' · restarted after an internal error: x is not a function'
    assert.deepEqual(
      sent.map(({ verdict }) => verdict.message),
      [`1 of 1 running${note}`, `1 of 1 running${note}`, '1 of 1 running'],
    )
    await eventually('the file is gone', () => !existsSync(path))
  })
})

describe('what is wrong, when it changes while a monitor is down', () => {
  const states = (...failing: readonly string[]) =>
    snapshot(
      unitState(),
      answered(
        ['a', 'b', 'c', 'd', 'e', 'f'].map((name) =>
          program(name, failing.includes(name) ? 'FATAL' : 'RUNNING'),
        ),
      ),
    )

  it('is sent at once, three times and then once in half a period', () => {
    const { sending, sent } = memorySending()
    const monitor = new Monitor(
      'web',
      monitorSettings(),
      {},
      { ...sending, period: new GridPeriod(60_000, 0) },
    )
    const rows: [seconds: number, failing: readonly string[], sent: number][] = [
      [1, [], 1],
      [2, ['a'], 2],
      [3, ['a'], 2],
      [4, ['a', 'b'], 3],
      [5, ['b'], 4],
      [6, ['b', 'c'], 5],
      [7, ['b', 'c', 'd'], 5],
      [30, ['b', 'c', 'd'], 5],
      [37, ['b', 'c', 'd'], 6],
      [38, ['b', 'c'], 6],
      [40, [], 7],
      [41, ['a'], 8],
      [42, ['a', 'b'], 9],
    ]
    for (const [seconds, failing, count] of rows) {
      monitor.update(states(...failing), seconds * 1_000)
      assert.equal(sent.length, count, `after ${seconds} s`)
    }
  })

  it('is not sent for a program that is only being started again', () => {
    const { sending, sent } = memorySending()
    const monitor = new Monitor('web', monitorSettings(), {}, sending)
    const one = (state: 'FATAL' | 'STARTING') => snapshot(unitState(), answered([program('web', state)]))
    monitor.update(one('FATAL'), 1_000)
    monitor.update(one('STARTING'), 2_000)
    monitor.update(one('FATAL'), 3_000)
    assert.equal(sent.length, 1)
  })
})
