import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Monitor } from '../../src/agent/monitor.ts'
import { createServiceNotices } from '../../src/agent/service-notices.ts'
import { answered, snapshot, program, rules, unitState } from '../helpers/snapshots.ts'
import { ManualClock } from '../helpers/manual-clock.ts'

function start(watchdogMs: number | null = 30_000) {
  const clock = new ManualClock()
  const startMs = clock.now()
  const told: string[] = []
  const stop = new AbortController()
  const notify = async (assignments: readonly string[]): Promise<void> => {
    told.push(`${(clock.now() - startMs) / 1000} ${assignments.join(' | ')}`)
  }
  const notices = createServiceNotices({ watchdogMs, notify }, clock)
  const ended = notices.run(stop.signal)
  return { clock, told, stop, notices, ended }
}

function monitor(name: string, state: 'RUNNING' | 'FATAL'): Monitor {
  const one = new Monitor(name, rules())
  one.see(snapshot(unitState(), answered([program('web', state)])), 1_000_000)
  return one
}

describe('what systemd is told', () => {
  it('is that the agent is ready, once a heartbeat was answered', async () => {
    const { clock, told, notices } = start()
    notices.watch([monitor('local', 'RUNNING')], () => true)
    await clock.advance(2_000)
    notices.answered()
    notices.answered()
    await clock.advance(1_000)
    assert.deepEqual(told, ['2.1 READY=1 | STATUS=UP: 1 of 1 running | WATCHDOG=1'])
  })

  it('is that it is ready after 10 s all the same', async () => {
    const { clock, told } = start(null)
    await clock.advance(10_000)
    assert.deepEqual(told, ['10 READY=1 | STATUS=the first check is under way'])
  })

  it('is at half the time of the watchdog that the checks run, and nothing when they do not', async () => {
    const { clock, told, notices } = start()
    let isFresh = true
    notices.watch([], () => isFresh)
    notices.answered()
    await clock.advance(31_000)
    assert.deepEqual(told.slice(1), ['15.1 WATCHDOG=1', '30.1 WATCHDOG=1'])
    isFresh = false
    await clock.advance(60_000)
    assert.equal(told.length, 3)
  })

  it('is a change of a verdict, the worst of several by name', async () => {
    const { clock, told, notices } = start(null)
    notices.watch([monitor('a', 'RUNNING'), monitor('b', 'FATAL')], () => true)
    notices.answered()
    await clock.advance(1_000)
    assert.match(told[0] ?? '', /STATUS=1 of 2 monitors DOWN: b: web FATAL: /)
    notices.watch([monitor('a', 'RUNNING'), monitor('b', 'RUNNING')], () => true)
    notices.changed()
    await clock.advance(1_000)
    assert.match(told[1] ?? '', /STATUS=2 monitors, none DOWN$/)
  })

  it('is a reload from its beginning to its end', async () => {
    const { clock, told, notices } = start(null)
    notices.answered()
    await clock.advance(1_000)
    notices.reloading()
    await clock.advance(1_000)
    notices.reloaded()
    await clock.advance(1_000)
    assert.deepEqual(told.slice(1), ['1 RELOADING=1 | MONOTONIC_USEC=1001000000', '2.1 READY=1'])
  })

  it('is last that it stops', async () => {
    const { clock, told, stop, notices, ended } = start()
    notices.answered()
    await clock.advance(1_000)
    stop.abort()
    await ended
    assert.equal(told.at(-1), '1 STOPPING=1 | STATUS=stopping')
  })
})
