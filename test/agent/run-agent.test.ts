import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Bell } from '../../src/agent/bell.ts'
import { CheckPeriod } from '../../src/agent/check-period.ts'
import { Monitor } from '../../src/agent/monitor.ts'
import { createPeriod } from '../../src/agent/period.ts'
import type { RestartProgram } from '../../src/agent/restarts.ts'
import { runAgent } from '../../src/agent/run-agent.ts'
import { runOnce } from '../../src/agent/run-once.ts'
import type { Doors } from '../../src/collect/snapshot.ts'
import type { RpcReading, SupervisorState } from '../../src/collect/supervisor/rpc-reading.ts'
import { answered, failed, program, rules, unitState } from '../helpers/snapshots.ts'
import { ManualClock } from '../helpers/manual-clock.ts'
import { memoryLog } from '../helpers/memory-log.ts'

const RUNNING = answered([program('web', 'RUNNING')])
const FATAL = answered([program('web', 'FATAL')])

/** Doors whose supervisord answers as the test says at that moment. */
function doors(readSupervisor: () => Promise<RpcReading>): Doors {
  return {
    readUnit: async () => unitState(),
    recallUnit: () => null,
    readSupervisor,
    readUpSeconds: async () => null,
    readMemory: async () => ({ kind: 'not-asked' }),
    readHttp: async () => new Map(),
    readStderr: async () => new Map(),
  }
}

function stateOf(reading: RpcReading): SupervisorState {
  return reading.kind === 'answered' ? reading.state : assert.fail(reading.kind)
}

const noRestart: RestartProgram = () => Promise.reject(new Error('nothing is to be restarted'))

function start(
  watched: Record<string, () => Promise<RpcReading>>,
  clock = new ManualClock(),
  bell = new Bell(),
  breaks = () => {},
) {
  const startMs = clock.now()
  const log = memoryLog()
  const sent: string[] = []
  const faults: string[] = []
  const changes: string[] = []
  const stop = new AbortController()
  let fresh = (): boolean => false
  const watches = Object.entries(watched).map(([name, read]) => ({
    name,
    doors: doors(read),
    bell,
    checks: new CheckPeriod(5_000),
    monitors: [new Monitor(name, rules())],
    restart: noRestart,
  }))
  const ended = runAgent(
    {
      watches,
      checkEveryMs: 5_000,
      createPeriod: () => createPeriod(24_000, clock.now() + 12_000),
      clock,
      log,
      offer({ name }, { verdict: { status, message } }) {
        breaks()
        sent.push(`${(clock.now() - startMs) / 1000} ${name} ${status} ${message}`)
      },
      onChange: ({ name, verdict }) => void changes.push(`${name} ${verdict?.status}`),
      onStart: (isFresh) => void (fresh = isFresh),
      onRestart: () => {},
      onFault: (where, error) => {
        faults.push(`${where}: ${String(error)}`)
        return faults.length < 3
      },
    },
    stop.signal,
  )
  return { clock, sent, changes, faults, log, stop, ended, isFresh: () => fresh() }
}

describe('the agent', () => {
  it('pushes at once when a program goes down and when it comes back', async () => {
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

  it('looks again soon when one look leaves it open', async () => {
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

  it('does not let one host that hangs delay another', async () => {
    const { clock, sent } = start({ hung: () => new Promise(() => {}), well: async () => RUNNING })
    await clock.advance(30_000)
    assert.deepEqual(sent, ['0 well up 1 of 1 running', '12 well up 1 of 1 running'])
  })

  it('looks more rarely where supervisord is slow, and at once when something rings', async () => {
    const slow: RpcReading = { kind: 'answered', state: { ...stateOf(RUNNING), ms: 1_500 } }
    const looksMs: number[] = []
    const bell = new Bell()
    const clock = new ManualClock()
    const { log } = start(
      {
        local: async () => {
          looksMs.push(clock.now())
          return slow
        },
      },
      clock,
      bell,
    )
    const startMs = clock.now()
    await clock.advance(600_000)
    // The first two tell how slow it is; then one in 37.5 s or, on the grid of the checks, 40 s.
    assert.ok(looksMs.length >= 16 && looksMs.length <= 18, String(looksMs.map((ms) => ms - startMs)))
    assert.deepEqual(log.lines, [
      'info: local: supervisord takes 1.5 s to answer: a check every 38 s instead of 5 s, to leave it its time',
    ])
    const [count, rungMs] = [looksMs.length, clock.now()]
    bell.ring()
    await clock.advance(10)
    assert.deepEqual(looksMs.slice(count), [rungMs + 10])
  })

  it('reports an error of its own as DOWN and goes on', async () => {
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

  it('goes on after a mistake of its own outside the checks, and hands it over', async () => {
    let isBroken = true
    const { clock, sent, faults, stop, ended } = start(
      { local: async () => RUNNING },
      undefined,
      undefined,
      () => {
        if (isBroken) throw new TypeError('y is not a function')
      },
    )
    await clock.advance(1_000)
    assert.deepEqual(faults, ['the heartbeats of local: TypeError: y is not a function'])
    isBroken = false
    await clock.advance(20_000)
    assert.deepEqual(sent, ['17 local up 1 of 1 running'])
    stop.abort()
    await ended
    assert.equal(faults.length, 1)
  })

  it('ends with the mistake when it is told to go on no more', async () => {
    const { clock, faults, ended } = start({ local: async () => RUNNING }, undefined, undefined, () => {
      throw new TypeError('y is not a function')
    })
    const rejected = assert.rejects(ended, /y is not a function/)
    await clock.advance(60_000)
    await rejected
    assert.equal(faults.length, 3)
  })

  it('does not pass off an old verdict as news when its checks hang', async () => {
    let reading = (): Promise<RpcReading> => Promise.resolve(RUNNING)
    const { clock, sent, changes } = start({ local: () => reading() })
    await clock.advance(1_000)
    reading = () => new Promise(() => {})
    await clock.advance(120_000)
    assert.match(sent.at(-1) ?? '', /down agent error: no check has finished for 1 min \d+ s$/)
    assert.deepEqual(changes, ['local up', 'local down'])
  })

  it('tells at once that a check which hung has come to its end', async () => {
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

  it('tells nothing old after it was frozen with its host, but what the next check says, and at once', async () => {
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

  it('is fresh as long as every watch finishes its rounds', async () => {
    let reading = (): Promise<RpcReading> => Promise.resolve(RUNNING)
    const { clock, isFresh } = start({ well: async () => RUNNING, local: () => reading() })
    await clock.advance(300_000)
    assert.equal(isFresh(), true)
    reading = () => new Promise(() => {})
    await clock.advance(60_000)
    assert.equal(isFresh(), true)
    await clock.advance(60_000)
    assert.equal(isFresh(), false)
  })

  it('never looks twice at the same time, and makes up for a check that was missed', async () => {
    let underWay = 0
    let most = 0
    const startedAt: number[] = []
    const clock = new ManualClock()
    const watched = {
      async local() {
        startedAt.push(clock.now() % 1_000_000)
        underWay += 1
        most = Math.max(most, underWay)
        await clock.sleep(6_000, new AbortController().signal)
        underWay -= 1
        return RUNNING
      },
    }
    start(watched, clock)
    await clock.advance(20_000)
    assert.equal(most, 1)
    assert.deepEqual(startedAt, [0, 6_000, 12_000, 18_000])
  })
})

describe('the bell of a watch', () => {
  const startCounting = async (lookMs = 0) => {
    const clock = new ManualClock()
    const rounds: number[] = []
    const beganMs = clock.now()
    const read = async (): Promise<RpcReading> => {
      rounds.push(clock.now() - beganMs)
      await clock.sleep(lookMs, new AbortController().signal)
      return RUNNING
    }
    const bell = new Bell()
    start({ local: read }, clock, bell)
    await clock.advance(1_000)
    return { clock, rounds, bell }
  }

  it('starts a round as soon as what comes together has come', async () => {
    const { clock, rounds, bell } = await startCounting()
    bell.ring()
    await clock.advance(5)
    bell.ring()
    await clock.advance(500)
    assert.deepEqual(rounds, [0, 1_010])
  })

  it('makes one more round of all that ring soon after the first', async () => {
    const { clock, rounds, bell } = await startCounting()
    for (const afterMs of [0, 12, 8, 20]) {
      await clock.advance(afterMs)
      bell.ring()
    }
    await clock.advance(500)
    assert.deepEqual(rounds, [0, 1_010, 1_060])
  })

  it('looks once more when it rang during a look, which may have been too early', async () => {
    const { clock, rounds, bell } = await startCounting(200)
    bell.ring()
    await clock.advance(100)
    bell.ring()
    await clock.advance(1_000)
    assert.deepEqual(rounds, [0, 1_010, 1_410])
  })

  it('does not turn a flood into a flood of questions, and is quick again after it', async () => {
    const { clock, rounds, bell } = await startCounting()
    for (let ring = 0; ring < 200; ring++) {
      bell.ring()
      await clock.advance(10)
    }
    assert.deepEqual(rounds, [0, 1_010, 1_060, 1_160, 1_360, 1_760, 2_560])
    await clock.advance(3_000)
    bell.ring()
    await clock.advance(10)
    assert.equal(rounds.at(-1), 6_010)
  })
})

describe('a supervisord that is slow to answer', () => {
  it('has as long a rest before it is asked again', async () => {
    const clock = new ManualClock()
    const beganMs = clock.now()
    const rounds: number[] = []
    const read = async (): Promise<RpcReading> => {
      rounds.push(clock.now() - beganMs)
      await clock.sleep(1_000, new AbortController().signal)
      return answered([program('web', 'EXITED', { spawnerr: 'Bad exit code 3' })])
    }
    start({ local: read }, clock)
    await clock.advance(3_500)
    assert.deepEqual(rounds, [0, 2_000])
  })
})

describe('a one-shot', () => {
  const lookOnce = async (...readings: RpcReading[]) => {
    const clock = new ManualClock()
    const monitor = new Monitor('local', rules())
    const next = async (): Promise<RpcReading> =>
      (readings.length > 1 ? readings.shift() : readings[0]) ?? RUNNING
    const watch = {
      name: 'local',
      doors: doors(next),
      bell: new Bell(),
      checks: new CheckPeriod(5_000),
      monitors: [monitor],
      restart: noRestart,
    }
    const ended = runOnce([watch], { clock, log: memoryLog(), slowestMs: 0 }, new AbortController().signal)
    await clock.advance(60_000)
    await ended
    return monitor.verdict
  }

  it('is content with one look that is clear', async () => {
    assert.equal((await lookOnce(RUNNING, FATAL))?.status, 'up')
  })

  it('looks again before it calls a supervisord dead that did not answer once', async () => {
    assert.equal((await lookOnce(failed('refused'), RUNNING))?.status, 'up')
    assert.equal((await lookOnce(failed('refused')))?.status, 'down')
  })

  it('looks for the last time when its time is up, however slow supervisord and a page are', async () => {
    const clock = new ManualClock()
    const beganMs = clock.now()
    const looks: number[] = []
    const read = async (): Promise<RpcReading> => {
      looks.push(clock.now() - beganMs)
      return { kind: 'answered', state: { ...stateOf(RUNNING), ms: 2_000 } }
    }
    const url = 'http://127.0.0.1:8000/'
    const http = { url, status: [200], body: null, timeoutMs: 10_000, when: 'running' as const }
    const watch = {
      name: 'local',
      doors: { ...doors(read), readHttp: async () => new Map([[url, { kind: 'waiting' as const }]]) },
      bell: new Bell(),
      checks: new CheckPeriod(5_000),
      monitors: [new Monitor('local', rules({ http }))],
      restart: noRestart,
    }
    const options = { clock, log: memoryLog(), slowestMs: http.timeoutMs }
    const ended = runOnce([watch], options, new AbortController().signal)
    await clock.advance(22_000)
    await ended
    assert.deepEqual(looks, [0, 22_000])
  })

  it('does not wait for ever for a program that takes long to start', async () => {
    assert.equal((await lookOnce(answered([program('web', 'STARTING')])))?.status, 'down')
  })
})
