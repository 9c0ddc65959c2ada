import assert from 'node:assert/strict'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { Monitor } from '../../src/agent/monitor.ts'
import { NotifySocket, SystemdNotify } from '../../src/agent/systemd-notify.ts'
import { answered, snapshot, program, monitorSettings, unitState } from '../helpers/snapshots.ts'
import { temporaryFolder } from '../helpers/fake-bus.ts'
import { memoryLog } from '../helpers/memory-log.ts'
import { ManualClock } from '../helpers/manual-clock.ts'

function start(watchdogMs: number | null = 30_000) {
  const clock = new ManualClock()
  const startMs = clock.now()
  const told: string[] = []
  const stop = new AbortController()
  const notify = async (assignments: readonly string[]): Promise<void> => {
    told.push(`${(clock.now() - startMs) / 1000} ${assignments.join(' | ')}`)
  }
  const systemd = new SystemdNotify({ watchdogMs, notify }, clock)
  const ended = systemd.run(stop.signal)
  return { clock, told, stop, systemd, ended }
}

function monitor(name: string, state: 'RUNNING' | 'FATAL'): Monitor {
  const one = new Monitor(name, monitorSettings(), {}, null)
  one.update(snapshot(unitState(), answered([program('web', state)])), 1_000_000)
  return one
}

describe('what systemd is told', () => {
  it('is that the agent is ready, once a heartbeat was answered', async () => {
    const { clock, told, systemd } = start()
    systemd.follow({ monitors: [monitor('local', 'RUNNING')], isAlive: true })
    await clock.advance(2_000)
    systemd.answered()
    systemd.answered()
    await clock.advance(1_000)
    assert.deepEqual(told, ['2.1 READY=1 | STATUS=UP: 1 of 1 running | WATCHDOG=1'])
  })

  it('is that it is ready after 10 s all the same', async () => {
    const { clock, told } = start(null)
    await clock.advance(10_000)
    assert.deepEqual(told, ['10 READY=1 | STATUS=the first check is under way'])
  })

  it('is at half the time of the watchdog that the checks run, and nothing when they do not', async () => {
    const { clock, told, systemd } = start()
    const agent = { monitors: [], isAlive: true }
    systemd.follow(agent)
    systemd.answered()
    await clock.advance(31_000)
    assert.deepEqual(told.slice(1), ['15.1 WATCHDOG=1', '30.1 WATCHDOG=1'])
    agent.isAlive = false
    await clock.advance(60_000)
    assert.equal(told.length, 3)
  })

  it('is a change of a verdict, the worst of several by name', async () => {
    const { clock, told, systemd } = start(null)
    systemd.follow({ monitors: [monitor('a', 'RUNNING'), monitor('b', 'FATAL')], isAlive: true })
    systemd.answered()
    await clock.advance(1_000)
    assert.match(told[0] ?? '', /STATUS=1 of 2 monitors DOWN: b: web FATAL: /)
    systemd.follow({ monitors: [monitor('a', 'RUNNING'), monitor('b', 'RUNNING')], isAlive: true })
    systemd.changed()
    await clock.advance(1_000)
    assert.match(told[1] ?? '', /STATUS=2 monitors, none DOWN$/)
  })

  it('is a reload from its beginning to its end', async () => {
    const { clock, told, systemd } = start(null)
    systemd.answered()
    await clock.advance(1_000)
    systemd.reloading()
    await clock.advance(1_000)
    systemd.reloaded()
    await clock.advance(1_000)
    assert.deepEqual(told.slice(1), ['1 RELOADING=1 | MONOTONIC_USEC=1001000000', '2.1 READY=1'])
  })

  it('is last that it stops', async () => {
    const { clock, told, stop, systemd, ended } = start()
    systemd.answered()
    await clock.advance(1_000)
    stop.abort()
    await ended
    assert.equal(told.at(-1), '1 STOPPING=1 | STATUS=stopping')
  })
})

const CANNOT = 'warn: systemd cannot be told how the agent is:'

/** A `systemd-notify` that writes down what it is told, and ends as the test wants it. */
function open(
  t: TestContext,
  { end = 'exit 0', env = {} }: { end?: string; env?: Record<string, string> } = {},
) {
  const folder = temporaryFolder(t)
  const command = join(folder, 'systemd-notify')
  writeFileSync(
    command,
    `#!/bin/sh\necho "$NOTIFY_SOCKET $*" >>${folder}/told\ntest -z "$SECRET" || exit 9\n${end}\n`,
  )
  chmodSync(command, 0o755)
  const log = memoryLog()
  const socket = NotifySocket.open(
    { PATH: `${folder}:/usr/bin:/bin`, NOTIFY_SOCKET: '/run/x', SECRET: 's', ...env },
    42,
    log,
  )
  assert.ok(socket !== null)
  return { socket, log, told: () => readFileSync(join(folder, 'told'), 'utf8') }
}

describe('the socket of systemd', () => {
  it('is none where nobody asked', () => {
    assert.equal(NotifySocket.open({}, 42, memoryLog()), null)
  })

  it('hears everything in order, and nothing of the environment', async (t) => {
    const { socket, told, log } = open(t)
    await Promise.all([socket.notify(['READY=1', 'STATUS=UP: a b']), socket.notify(['WATCHDOG=1'])])
    assert.equal(told(), '/run/x READY=1 STATUS=UP: a b\n/run/x WATCHDOG=1\n')
    assert.deepEqual(log.lines, [])
  })

  it('says once that it cannot be told anything', async (t) => {
    const { socket, log } = open(t, { end: 'exit 1' })
    await socket.notify(['READY=1'])
    await socket.notify(['READY=1'])
    assert.deepEqual(log.lines, [`${CANNOT} systemd-notify ended with exit code 1`])
    const missing = open(t, { env: { PATH: '/nonexistent' } })
    await missing.socket.notify(['READY=1'])
    assert.deepEqual(missing.log.lines, [
      `${CANNOT} systemd-notify cannot be run: spawn systemd-notify ENOENT`,
    ])
  })

  it('does not mind that systemd ends it together with the service', async (t) => {
    const ended = open(t, { end: 'kill -TERM $$' })
    await ended.socket.notify(['STOPPING=1'])
    assert.deepEqual(ended.log.lines, [])
    const killed = open(t, { end: 'kill -KILL $$' })
    await killed.socket.notify(['STOPPING=1'])
    assert.deepEqual(killed.log.lines, [`${CANNOT} systemd-notify ended with SIGKILL`])
  })

  it('tells how often its watchdog wants to hear, unless it means another process', (t) => {
    const watchdog = (env: Record<string, string>) => open(t, { env }).socket.watchdogMs
    assert.equal(watchdog({}), null)
    assert.equal(watchdog({ WATCHDOG_USEC: '30000000' }), 30_000)
    assert.equal(watchdog({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '42' }), 30_000)
    assert.equal(watchdog({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '43' }), null)
  })
})
