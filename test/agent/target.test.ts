import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { Monitor, type Sending } from '../../src/agent/monitor.ts'
import { GridPeriod, Pacing } from '../../src/agent/pacing.ts'
import type { RestartOutcome } from '../../src/collect/supervisor/restart.ts'
import { Restarter } from '../../src/agent/restarter.ts'
import { Target } from '../../src/agent/target.ts'
import { Wake } from '../../src/agent/wake.ts'
import type { RpcReading, SupervisorState } from '../../src/collect/supervisor/rpc-reading.ts'
import type { Snapshot } from '../../src/collect/snapshot.ts'
import type { Settings } from '../../src/rules/judge.ts'
import { ManualClock } from '../helpers/manual-clock.ts'
import { memoryLog } from '../helpers/memory-log.ts'
import { memorySending } from '../helpers/memory-sending.ts'
import { answered, failed, program, monitorSettings, snapshot, unitState } from '../helpers/snapshots.ts'

const RUNNING = answered([program('web', 'RUNNING')])
const FATAL = answered([program('web', 'FATAL')])

function stateOf(reading: RpcReading): SupervisorState {
  return reading.kind === 'answered' ? reading.state : assert.fail(reading.kind)
}

const fromSupervisor =
  (read: () => Promise<RpcReading>): (() => Promise<Snapshot>) =>
  async () =>
    snapshot(unitState(), await read())

interface Scene {
  readonly clock?: ManualClock
  readonly settings?: Settings
  readonly sending?: Sending | null
  readonly restart?: (() => Promise<RestartOutcome>) | null
}

function targetOf(
  name: string,
  take: () => Promise<Snapshot>,
  { clock = new ManualClock(), settings = monitorSettings(), sending = null, restart = null }: Scene = {},
) {
  const log = memoryLog()
  const wake = new Wake()
  const monitor = new Monitor(name, settings, {}, sending)
  const restarter = restart && new Restarter({ restart }, wake, clock, log, null)
  const pacing = new Pacing(5_000, clock.now())
  const collector = {
    snapshot: take,
    readVersion: () => Promise.resolve(null),
    deaths: null,
    close: () => Promise.resolve(),
  }
  const target = new Target({ name, collector, monitors: [monitor], wake, pacing, restarter }, clock, log)
  return { target, monitor, wake, clock, log }
}

/** Runs a target over each of these until the test stops it; a heartbeat is due at 12 s, and then every 24 s. */
function start(
  watched: Record<string, () => Promise<RpcReading>>,
  clock = new ManualClock(),
  breaks = () => {},
) {
  const startMs = clock.now()
  const sent: string[] = []
  const changes: string[] = []
  const stop = new AbortController()
  const targets = Object.entries(watched).map(([name, read]) => {
    const sending: Sending = {
      notifier: {
        offer({ verdict: { status, message } }) {
          breaks()
          sent.push(`${(clock.now() - startMs) / 1000} ${name} ${status} ${message}`)
          return new Promise(() => {})
        },
        settled: () => new Promise(() => {}),
        state: { kuma: 'kuma', missed: null, delivery: null, openSinceMs: null },
      },
      period: new GridPeriod(24_000, startMs + 12_000),
      log: { ...memoryLog(), info: (line) => void changes.push(line) },
      stateFile: { saveSoon() {} },
      systemd: null,
      crashNote: null,
    }
    return targetOf(name, fromSupervisor(read), { clock, sending })
  })
  const ended = Promise.all(
    targets.flatMap(({ target }) => [target.run(stop.signal), target.sendHeartbeats(stop.signal)]),
  )
  const [first = assert.fail()] = targets
  const isAlive = (): boolean => targets.every(({ target }) => target.isAlive)
  return { clock, sent, changes, log: first.log, wake: first.wake, stop, ended, isAlive }
}

describe('a target', () => {
  it('sends at once that a program went down and that it came back', async () => {
    let reading = RUNNING
    const { clock, sent, stop, ended } = start({ local: async () => reading })
    await clock.advance(1_000)
    reading = FATAL
    await clock.advance(5_000)
    reading = RUNNING
    await clock.advance(5_000)
    stop.abort()
    await ended
    assert.deepEqual(sent, [
      '0 local up 1 of 1 running',
      '5 local down web FATAL: supervisord does not say why · 0 of 1 running',
      '10 local up 1 of 1 running',
    ])
  })

  it('checks again soon when one snapshot leaves it open', async () => {
    let reading = RUNNING
    const { clock, sent } = start({ local: async () => reading })
    await clock.advance(1_000)
    reading = failed('refused')
    await clock.advance(6_000)
    assert.match(sent.at(-1) ?? '', /^6\.5 local down/)
  })

  it('waits no longer than for a second answer with a program that has exited', async () => {
    let reading = RUNNING
    const { clock, sent } = start({ local: async () => reading })
    await clock.advance(1_000)
    reading = answered([program('web', 'EXITED', { spawnerr: 'Bad exit code 3', exitstatus: 3 })])
    await clock.advance(5_000)
    assert.deepEqual(sent.slice(1), ['5.05 local down web EXITED unexpectedly: exit 3 · 0 of 1 running'])
  })

  it('that hangs does not delay another', async () => {
    const { clock, sent } = start({ hung: () => new Promise(() => {}), well: async () => RUNNING })
    await clock.advance(30_000)
    assert.deepEqual(sent, ['0 well up 1 of 1 running', '12 well up 1 of 1 running'])
  })

  it('sends the heartbeats that are due while a check waits for its deadline', async () => {
    let reading = (): Promise<RpcReading> => Promise.resolve(RUNNING)
    const { clock, sent } = start({ local: () => reading() })
    await clock.advance(6_000)
    reading = async () => {
      await clock.sleep(20_000, new AbortController().signal)
      return failed('timeout')
    }
    await clock.advance(18_000)
    assert.deepEqual(sent, ['0 local up 1 of 1 running', '12 local up 1 of 1 running'])
  })

  it('checks more rarely where supervisord is slow, and at once when it is woken', async () => {
    const slow: RpcReading = { kind: 'answered', state: { ...stateOf(RUNNING), ms: 1_500 } }
    const checksMs: number[] = []
    const clock = new ManualClock()
    const read = async (): Promise<RpcReading> => {
      checksMs.push(clock.now())
      return slow
    }
    const { log, wake } = start({ local: read }, clock)
    const startMs = clock.now()
    await clock.advance(600_000)
    // The first two tell how slow it is; then one in 37.5 s or, on the grid of the checks, 40 s.
    assert.ok(checksMs.length >= 16 && checksMs.length <= 18, String(checksMs.map((ms) => ms - startMs)))
    assert.deepEqual(log.lines, [
      'info: local: supervisord takes 1.5 s to answer: a check every 38 s instead of 5 s, to leave it its time',
    ])
    const [count, wokenMs] = [checksMs.length, clock.now()]
    wake.notify()
    await clock.advance(10)
    assert.deepEqual(checksMs.slice(count), [wokenMs + 10])
  })

  it('never checks twice at the same time, and makes up for a check that was missed', async () => {
    let underWay = 0
    let most = 0
    const startedAt: number[] = []
    const clock = new ManualClock()
    const read = async (): Promise<RpcReading> => {
      startedAt.push(clock.now() % 1_000_000)
      underWay += 1
      most = Math.max(most, underWay)
      await clock.sleep(6_000, new AbortController().signal)
      underWay -= 1
      return RUNNING
    }
    start({ local: read }, clock)
    await clock.advance(20_000)
    assert.equal(most, 1)
    assert.deepEqual(startedAt, [0, 6_000, 12_000, 18_000])
  })

  it('gives a slow supervisord as long a rest before it is asked again', async () => {
    const clock = new ManualClock()
    const startMs = clock.now()
    const checks: number[] = []
    const read = async (): Promise<RpcReading> => {
      checks.push(clock.now() - startMs)
      await clock.sleep(1_000, new AbortController().signal)
      return answered([program('web', 'EXITED', { spawnerr: 'Bad exit code 3' })])
    }
    start({ local: read }, clock)
    await clock.advance(3_500)
    assert.deepEqual(checks, [0, 2_000])
  })
})

describe('an error of the agent', () => {
  it('in a check is DOWN, and the next check runs', async () => {
    let reading = (): Promise<RpcReading> => Promise.resolve(RUNNING)
    const { clock, sent, log } = start({ local: () => reading() })
    await clock.advance(1_000)
    reading = () => Promise.reject(new TypeError('x is not a function'))
    await clock.advance(5_000)
    reading = () => Promise.resolve(RUNNING)
    await clock.advance(5_000)
    assert.deepEqual(sent.slice(1), [
      '5 local down agent error: x is not a function',
      '10 local up 1 of 1 running',
    ])
    assert.match(log.lines[0] ?? '', /^error: the check of local failed: TypeError: x is not a function/)
  })

  it('about one monitor leaves the others as they are', async () => {
    const { target, monitor, clock, log } = targetOf(
      'local',
      fromSupervisor(async () => RUNNING),
    )
    const broken = new Monitor('broken', monitorSettings(), {}, null)
    broken.update = () => {
      throw new TypeError('x is not a function')
    }
    const { name, collector, wake, pacing } = target
    const monitors = [broken, monitor]
    const both = new Target({ name, collector, wake, pacing, monitors, restarter: null }, clock, log)
    const checked = both.checkUntilSettled(new AbortController().signal)
    await clock.advance(1_000)
    await checked
    assert.equal(broken.verdict?.message, 'agent error: x is not a function')
    assert.equal(monitor.verdict?.message, '1 of 1 running')
  })

  it('that goes on stays what is told, and is logged once', async () => {
    const { clock, sent, log } = start({ local: () => Promise.reject(new TypeError('x is not a function')) })
    await clock.advance(300_000)
    assert.ok(sent.length > 10)
    assert.ok(sent.every((line) => line.endsWith('down agent error: x is not a function')))
    assert.equal(log.lines.length, 1)
  })

  it('outside the checks ends the agent', async () => {
    let isBroken = false
    const { clock, ended } = start({ local: async () => RUNNING }, undefined, () => {
      if (isBroken) throw new TypeError('y is not a function')
    })
    await clock.advance(1_000)
    isBroken = true
    const rejected = assert.rejects(ended, /y is not a function/)
    await clock.advance(12_000)
    await rejected
  })
})

describe('a check that does not end', () => {
  it('does not let an old verdict pass for news', async () => {
    let reading = (): Promise<RpcReading> => Promise.resolve(RUNNING)
    const { clock, sent, changes } = start({ local: () => reading() })
    await clock.advance(1_000)
    reading = () => new Promise(() => {})
    await clock.advance(120_000)
    assert.match(sent.at(-1) ?? '', /down agent error: no check has finished for 1 min \d+ s$/)
    assert.deepEqual(
      changes.map((line) => line.split(':')[0]),
      ['local is up', 'local is down'],
    )
  })

  it('tells at once that it has come to its end', async () => {
    let reading = (): Promise<RpcReading> => Promise.resolve(RUNNING)
    let answer: (reading: RpcReading) => void = () => {}
    const { clock, sent } = start({ local: () => reading() })
    await clock.advance(1_000)
    reading = () => new Promise((resolve) => (answer = resolve))
    await clock.advance(120_000)
    answer(RUNNING)
    await clock.advance(100)
    assert.match(sent.at(-2) ?? '', /down agent error/)
    assert.match(sent.at(-1) ?? '', /up 1 of 1 running/)
  })

  it('leaves the watchdog unfed, though all others go on', async () => {
    let reading = (): Promise<RpcReading> => Promise.resolve(RUNNING)
    const { clock, isAlive } = start({ well: async () => RUNNING, local: () => reading() })
    await clock.advance(300_000)
    assert.equal(isAlive(), true)
    reading = () => new Promise(() => {})
    await clock.advance(60_000)
    assert.equal(isAlive(), true)
    await clock.advance(60_000)
    assert.equal(isAlive(), false)
  })

  it('after the agent was frozen with its host tells nothing old, but what it finds, and at once', async () => {
    for (const [next, says] of [
      [RUNNING, 'up 1 of 1 running'],
      [FATAL, 'down web FATAL'],
    ] as const) {
      let reading = (): Promise<RpcReading> => Promise.resolve(RUNNING)
      const { clock, sent } = start({ local: () => reading() })
      await clock.advance(6_000)
      reading = async () => {
        await clock.sleep(4_000, new AbortController().signal)
        return next
      }
      clock.jump(100_000)
      await clock.advance(3_900)
      assert.deepEqual(sent.length, 1)
      await clock.advance(100)
      assert.deepEqual(sent.length, 2)
      assert.ok(sent[1]?.includes(says), sent[1])
    }
  })
})

describe('a wake of a target', () => {
  const startCounting = async (checkMs = 0) => {
    const clock = new ManualClock()
    const checks: number[] = []
    const startMs = clock.now()
    const read = async (): Promise<RpcReading> => {
      checks.push(clock.now() - startMs)
      await clock.sleep(checkMs, new AbortController().signal)
      return RUNNING
    }
    const { wake } = start({ local: read }, clock)
    await clock.advance(1_000)
    return { clock, checks, wake }
  }

  it('starts a check as soon as what comes together has come', async () => {
    const { clock, checks, wake } = await startCounting()
    wake.notify()
    await clock.advance(5)
    wake.notify()
    await clock.advance(500)
    assert.deepEqual(checks, [0, 1_010])
  })

  it('makes one more check for all that notify soon after the first', async () => {
    const { clock, checks, wake } = await startCounting()
    for (const afterMs of [0, 12, 8, 20]) {
      await clock.advance(afterMs)
      wake.notify()
    }
    await clock.advance(500)
    assert.deepEqual(checks, [0, 1_010, 1_060])
  })

  it('makes one more check when it comes during one, which may have looked too early', async () => {
    const { clock, checks, wake } = await startCounting(200)
    wake.notify()
    await clock.advance(100)
    wake.notify()
    await clock.advance(1_000)
    assert.deepEqual(checks, [0, 1_010, 1_410])
  })

  it('does not turn a flood into a flood of questions, and is quick again after it', async () => {
    const { clock, checks, wake } = await startCounting()
    for (let times = 0; times < 200; times++) {
      wake.notify()
      await clock.advance(10)
    }
    assert.deepEqual(checks, [0, 1_010, 1_060, 1_160, 1_360, 1_760, 2_560])
    await clock.advance(3_000)
    wake.notify()
    await clock.advance(10)
    assert.equal(checks.at(-1), 6_010)
  })
})

describe('a one-shot', () => {
  const never = new AbortController().signal

  const checkOnce = async (...readings: RpcReading[]) => {
    const next = async (): Promise<RpcReading> =>
      (readings.length > 1 ? readings.shift() : readings[0]) ?? RUNNING
    const { target, monitor, clock } = targetOf('local', fromSupervisor(next))
    const ended = target.checkUntilSettled(never)
    await clock.advance(60_000)
    await ended
    return monitor.verdict
  }

  it('is content with one snapshot that is clear', async () => {
    assert.equal((await checkOnce(RUNNING, FATAL))?.status, 'up')
  })

  it('checks again before it calls a supervisord dead that did not answer once', async () => {
    assert.equal((await checkOnce(failed('refused'), RUNNING))?.status, 'up')
    assert.equal((await checkOnce(failed('refused')))?.status, 'down')
  })

  it('checks for the last time when its time is up, however slow supervisord and a page are', async () => {
    const clock = new ManualClock()
    const startMs = clock.now()
    const checks: number[] = []
    const url = 'http://127.0.0.1:8000/'
    const http = { url, status: [200], body: null, timeoutMs: 10_000, when: 'running' as const }
    const take = async (): Promise<Snapshot> => {
      checks.push(clock.now() - startMs)
      const slow = { kind: 'answered' as const, state: { ...stateOf(RUNNING), ms: 2_000 } }
      return snapshot(unitState(), slow, null, { http: new Map([[url, { kind: 'waiting' }]]) })
    }
    const { target } = targetOf('local', take, { clock, settings: monitorSettings({ http }) })
    const ended = target.checkUntilSettled(never)
    await clock.advance(22_000)
    await ended
    assert.deepEqual(checks, [0, 22_000])
  })

  it('does not wait for ever for a program that takes long to start', async () => {
    assert.equal((await checkOnce(answered([program('web', 'STARTING')])))?.status, 'down')
  })
})

describe('a restart by the agent', () => {
  const MB = 1024 * 1024
  const OLD = answered([program('worker', 'RUNNING')])
  const MIDWAY = answered([program('worker', 'STOPPED', { stop: 1_700_000_050 })])
  const NEW = answered([program('worker', 'RUNNING', { start: 1_700_000_060, pid: 1235 })])

  it('that ends during a snapshot, which saw the program stopped, has another one taken', async () => {
    const clock = new ManualClock()
    let isBegun = false
    let end: (outcome: RestartOutcome) => void = () => {}
    const ended = new Promise<RestartOutcome>((resolve) => (end = resolve))
    const restart = (): Promise<RestartOutcome> => {
      isBegun = true
      return ended
    }
    const readings = [MIDWAY, NEW]
    let used = 600 * MB
    const take = async (): Promise<Snapshot> => {
      const reading = isBegun ? (readings.shift() ?? NEW) : OLD
      if (reading === MIDWAY) {
        used = 10 * MB
        end({ kind: 'restarted' })
        await turn()
      }
      const bytes = new Map([1234, 1235].map((pid) => [pid, used]))
      return snapshot(unitState(), reading, null, { memory: { kind: 'read', bytes } })
    }
    const settings = monitorSettings({ memoryBytes: 512 * MB, onFailure: 'restart' })
    const { sending, sent } = memorySending()
    const { target, monitor, wake } = targetOf('local', take, { clock, settings, sending, restart })
    // It would have the next check come at once.
    wake.notify = () => {}
    const stop = new AbortController()
    const running = target.run(stop.signal)
    while (readings.length > 0) await clock.advance(1_000)
    stop.abort()
    await running
    assert.match(monitor.verdict?.message ?? '', /^1 of 1 running · restarted worker/)
    assert.ok(sent.every(({ verdict: { message } }) => !message.includes('STOPPED')))
  })
})
