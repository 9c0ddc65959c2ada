import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { test, type TestContext } from 'node:test'
import { Listener } from '../../src/agent/listener.ts'
import { Wake } from '../../src/agent/wake.ts'
import { NotEventsError } from '../../src/collect/supervisor/events.ts'
import { ManualClock } from '../helpers/manual-clock.ts'
import { memoryLog } from '../helpers/memory-log.ts'

/** A listener with supervisord's end of its pipes in the test's hand. */
function start(t: TestContext) {
  const clock = new ManualClock()
  const log = memoryLog()
  const input = new PassThrough()
  let output = ''
  let wakes = 0
  const wake = new Wake()
  wake.notify = () => void (wakes += 1)
  const own = { group: 'kuma', name: 'kuma', serverUrl: null, pid: 1 }
  const listener = new Listener({ input, output: (text) => void (output += text) }, own, clock)
  listener.connect([wake], log)
  const ended = listener.run()
  ended.catch(() => {})
  t.after(() => input.destroy())
  const send = async (text: string): Promise<void> => {
    input.write(text)
    await turn()
  }
  return {
    listener,
    clock,
    log,
    input,
    ended,
    send,
    event: (name: string) => send(`eventname:${name} len:0\n`),
    output: () => output,
    wakes: () => wakes,
  }
}

test('acknowledges every event, and wakes for those that may have changed something', async (t) => {
  const { event, output, wakes } = start(t)
  assert.equal(output(), 'READY\n')
  const rows: [name: string, wakes: number][] = [
    ['PROCESS_STATE_EXITED', 1],
    ['PROCESS_STATE_OF_A_LATER_VERSION', 2],
    ['PROCESS_GROUP_ADDED', 3],
    ['SUPERVISOR_STATE_CHANGE_RUNNING', 4],
    ['TICK_5', 4],
    ['PROCESS_LOG_STDOUT', 4],
    ['MOON_FULL', 4],
  ]
  for (const [index, [name, expected]] of rows.entries()) {
    await event(name)
    assert.equal(wakes(), expected, name)
    assert.equal(output(), `READY\n${'RESULT 2\nOKREADY\n'.repeat(index + 1)}`)
  }
})

test('keeps what it is told of processes, and no more than the last thousand', async (t) => {
  const { listener, send } = start(t)
  const event = (name: string, payload: string): Promise<void> =>
    send(`eventname:${name} len:${payload.length}\n${payload}`)
  const of = 'processname:web groupname:shop'
  await event('PROCESS_STATE_STARTING', `${of} from_state:EXITED tries:0`)
  await event('PROCESS_STATE_RUNNING', `${of} from_state:STARTING pid:12`)
  await event('PROCESS_STATE_EXITED', `${of} from_state:RUNNING expected:0 pid:12`)
  await event('PROCESS_STATE_EXITED', `${of} from_state:RUNNING expected:1 pid:13`)
  await event('PROCESS_STATE_STOPPED', `${of} from_state:STOPPING pid:14`)
  await event('PROCESS_STATE_EXITED', 'nonsense')
  const [name, group, why] = ['web', 'shop', 'unexpected exit']
  assert.deepEqual(listener.own.events, [
    { name, group, kind: 'spawned', pid: 12 },
    { name, group, kind: 'running' },
    { name, group, kind: 'exited', expected: false, why },
    { name, group, kind: 'exited', expected: true, why },
    { name, group, kind: 'stopped' },
  ])
  for (let count = 0; count < 1100; count += 1) await event('PROCESS_STATE_STOPPED', of)
  assert.equal(listener.own.events.length, 1000)
})

test('has answered before anybody is woken', async (t) => {
  const { listener, event, output, log } = start(t)
  let seen = ''
  const wake = new Wake()
  wake.notify = () => void (seen = output())
  listener.connect([wake], log)
  await event('PROCESS_STATE_FATAL')
  assert.equal(seen, 'READY\nRESULT 2\nOKREADY\n')
})

test('answers while there is nobody to wake', async (t) => {
  const { listener, event, output, log, wakes } = start(t)
  listener.connect([], log)
  await event('PROCESS_STATE_FATAL')
  assert.equal(output(), 'READY\nRESULT 2\nOKREADY\n')
  assert.equal(wakes(), 0)
})

test('an end without a word is a death of supervisord', async (t) => {
  const { listener, input, ended, event } = start(t)
  await event('TICK_5')
  input.end()
  await ended
  assert.deepEqual([listener.isOrphan, listener.isStopping], [true, false])
})

test('an end after it said that it stops is none', async (t) => {
  const { listener, input, ended, event } = start(t)
  await event('SUPERVISOR_STATE_CHANGE_STOPPING')
  assert.deepEqual([listener.isOrphan, listener.isStopping], [false, true])
  input.end()
  await ended
  assert.deepEqual([listener.isOrphan, listener.isStopping], [false, true])
})

test('warns once when no event comes, not even a tick, and says when they come again', async (t) => {
  const { clock, log, event } = start(t)
  for (let ticks = 0; ticks < 20; ticks++) {
    await clock.advance(5_000)
    await event('TICK_5')
  }
  const told = (): string[] => log.lines.filter((line) => !line.startsWith('debug'))
  assert.deepEqual(told(), [])
  await clock.advance(29_000)
  assert.deepEqual(told(), [])
  await clock.advance(200_000)
  assert.equal(told().length, 1)
  assert.match(told()[0] ?? '', /^warn: no event of supervisord for 30 s, not even TICK_5/)
  await event('TICK_5')
  assert.deepEqual(told().slice(1), ['info: events of supervisord arrive again'])
})

test('ends with an error when an event was begun and its end does not come', async (t) => {
  const { clock, ended, send } = start(t)
  await send('eventname:TICK_5 len:100\nwhen')
  await clock.advance(31_000)
  await assert.rejects(ended, NotEventsError)
})

test('goes on after a name beyond ASCII, though nothing follows: supervisord counts characters', async (t) => {
  const { clock, send, output, wakes } = start(t)
  const payload = 'processname:größe groupname:größe'
  await send(`eventname:PROCESS_STATE_EXITED len:${payload.length}\n${payload}`)
  await clock.advance(120_000)
  await send('ver:3.0 eventname:PROCESS_STATE_FATAL len:0\n')
  assert.equal(wakes(), 2)
  assert.equal(output(), `READY\n${'RESULT 2\nOKREADY\n'.repeat(2)}`)
})
