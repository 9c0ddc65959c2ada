import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EventStream, NotEventsError, type SupervisorEvent } from '../../../src/collect/supervisor/events.ts'
import { createMutator, FUZZ_ROUNDS, FUZZ_SEED } from '../../helpers/fuzz.ts'
import { seededRandom } from '../../helpers/seeded-random.ts'

/** As supervisord writes it: its length in characters from version 4 on, in bytes before. */
function event(
  name: string,
  payload = '',
  { server = 'supervisor', counts = 'characters' }: { server?: string; counts?: 'characters' | 'bytes' } = {},
): string {
  const length = counts === 'bytes' ? Buffer.byteLength(payload) : payload.length
  return `ver:3.0 server:${server} serial:21 pool:kuma poolserial:10 eventname:${name} len:${length}\n${payload}`
}

function parse(text: string | Buffer): SupervisorEvent[] {
  return new EventStream().take(Buffer.from(text))
}

const names = (events: readonly SupervisorEvent[]): string[] => events.map(({ name }) => name)

const EXITED = 'processname:cat groupname:cat from_state:RUNNING expected:0 pid:2766'
const LONG_NAME = 'größe:日本語'.repeat(40)

const ROWS: [title: string, text: string, expected: string[]][] = [
  ['an event', event('PROCESS_STATE_EXITED', EXITED), ['PROCESS_STATE_EXITED']],
  ['one without a payload', event('SUPERVISOR_STATE_CHANGE_STOPPING'), ['SUPERVISOR_STATE_CHANGE_STOPPING']],
  ['one that it does not know', event('MOON_FULL', 'when:now'), ['MOON_FULL']],
  ['one after the other', event('TICK_5', 'when:5') + event('TICK_60', 'when:60'), ['TICK_5', 'TICK_60']],
  [
    'a payload that looks like a header',
    event('PROCESS_LOG', `${event('TICK_5')}\n`) + event('TICK_60'),
    ['PROCESS_LOG', 'TICK_60'],
  ],
  [
    'a payload beyond ASCII, counted in bytes',
    event('A', 'processname:größe', { counts: 'bytes' }) + event('B'),
    ['A', 'B'],
  ],
  ['a payload beyond ASCII, counted in characters', event('A', 'processname:größe') + event('B'), ['A', 'B']],
  [
    'a payload of many lines beyond ASCII, counted in characters',
    event('A', '日本語\n'.repeat(4000)) + event('B') + event('C'),
    ['A', 'B', 'C'],
  ],
  ['a long one of one line', event('A', '日'.repeat(20_000)) + event('B'), ['A', 'B']],
  ['names with spaces', event('A', 'x', { server: 'my own len:3 eventname:Z' }) + event('B'), ['A', 'B']],
  [
    'its tokens in another order',
    'len:1 eventname:A pool:kuma ver:3.0 serial:1 server:supervisor poolserial:1\nxlen:0 eventname:B\n',
    ['A', 'B'],
  ],
  ['empty lines between', `\n\n${event('A')}\n\n${event('B')}`, ['A', 'B']],
  ['garbage before it', `\0\x01nonsense\nmore\n${event('A')}`, ['A']],
  ['a header without a length', `${event('A').replace(' len:0', '')}${event('B')}`, ['B']],
  ['a length that is none', `${event('A').replace('len:0', 'len:-5')}${event('B')}`, ['B']],
  ['nothing that is cut', event('A', EXITED).slice(0, -1), []],
  ['no half of a header', event('A').slice(0, 60), []],
]

for (const [title, text, expected] of ROWS)
  test(`reads ${title}`, () => assert.deepEqual(names(parse(text)), expected))

test('gives the beginning of a payload, for the log', () => {
  assert.equal(parse(event('A', EXITED))[0]?.payload, EXITED)
  const [long] = parse(event('A', 'x'.repeat(10_000)))
  assert.equal(long?.payload, 'x'.repeat(200))
})

test('reads the same however it is cut into pieces', () => {
  const text = ROWS.map(([, row]) => row)
    .filter((row) => parse(row).length > 0)
    .concat(event('PROCESS_STATE_FATAL', LONG_NAME))
    .join('')
  const bytes = Buffer.from(text)
  const whole = new EventStream().take(bytes)
  assert.ok(whole.length > 20)
  const random = seededRandom(20_260)
  for (let round = 0; round < 100; round++) {
    const stream = new EventStream()
    const events: SupervisorEvent[] = []
    for (let at = 0; at < bytes.length;) {
      const size = 1 + Math.floor(random() ** 4 * 5000)
      events.push(...stream.take(bytes.subarray(at, at + size)))
      at += size
    }
    assert.deepEqual(events, whole)
  }
})

test('reads the same byte by byte', () => {
  const bytes = Buffer.from(event('A', 'processname:größe', { counts: 'bytes' }) + event('B'))
  const stream = new EventStream()
  const events = [...bytes].flatMap((byte) => stream.take(Uint8Array.of(byte)))
  assert.deepEqual(names(events), ['A', 'B'])
  assert.equal(events[0]?.payload, 'processname:größe')
})

test('tells whether an event has come without its end', () => {
  const stream = new EventStream()
  const steps: [text: string, isInEvent: boolean][] = [
    ['', false],
    ['ver:3.0 ', false],
    ['eventname:A len:3\n', true],
    ['ab', true],
    ['c', false],
    ['nonsense\n', false],
    [event('B'), false],
    [event('A', 'processname:größe'), false],
  ]
  for (const [text, isInEvent] of steps) {
    stream.take(Buffer.from(text))
    assert.equal(stream.isInEvent, isInEvent, text)
  }
})

test('gives up on what is no stream of events, and says how much of it there was', () => {
  assert.throws(
    () => parse('x'.repeat(1_100_000)),
    (error) => {
      assert.ok(error instanceof NotEventsError)
      assert.match(error.message, /no stream of supervisord's events: \d+ bytes without one header/)
      return true
    },
  )
  assert.throws(() => parse('GET / HTTP/1.1\r\n'.repeat(70_000)), NotEventsError)
})

test('takes no memory for a payload, however long it is said to be', () => {
  const stream = new EventStream()
  stream.take(Buffer.from(`eventname:A len:${2 ** 40}\n`))
  const piece = Buffer.alloc(1024 * 1024)
  const before = process.memoryUsage().rss
  for (let megabyte = 0; megabyte < 200; megabyte++) assert.deepEqual(stream.take(piece), [])
  assert.ok(process.memoryUsage().rss - before < 100 * 1024 * 1024)
  assert.ok(stream.isInEvent)
})

const header = (name: string, length: number): string =>
  `ver:3.0 server:supervisor serial:21 pool:kuma poolserial:10 eventname:${name} len:${length}\n`

const EVENTS = [
  `${header('PROCESS_STATE_EXITED', EXITED.length)}${EXITED}`,
  header('SUPERVISOR_STATE_CHANGE_STOPPING', 0),
  `${header('TICK_5', 15)}when:1201063880`,
  `${header('REMOTE_COMMUNICATION', 12)}type:größe\nÖ`,
  `${header('PROCESS_LOG_STDOUT', 31)}processname:a\nchannel:stdout\nhey`,
]

test(`takes any stream apart, and the same in any pieces (${FUZZ_ROUNDS} streams, seed ${FUZZ_SEED})`, () => {
  const { below, text } = createMutator([...EVENTS, EVENTS.join('')])
  let events = 0
  let resumed = 0
  for (let round = 0; round < FUZZ_ROUNDS; round++) {
    const input = text()
    const bytes = Buffer.from(input)
    const whole = new EventStream()
    const expected = whole.take(bytes)
    events += expected.length
    assert.ok(expected.length <= input.split('\n').length, input)

    const inPieces = new EventStream()
    const found: SupervisorEvent[] = []
    for (let at = 0; at < bytes.length;) {
      const size = 1 + below(50)
      found.push(...inPieces.take(bytes.subarray(at, at + size)))
      at += size
    }
    assert.deepEqual(found, expected, input)
    assert.equal(inPieces.isInEvent, whole.isInEvent, input)

    // Whatever it was: what follows a line of its own is read again, but for the payload that is still owed.
    const owed = 40
    const after = whole.take(Buffer.from(`${'\n'.repeat(owed)}${header('TICK_5', 0)}`))
    if (after.at(-1)?.name === 'TICK_5') resumed += 1
    // An event that was begun may end just where the stream does.
    else assert.ok(whole.isInEvent || after.length > 0, input)
  }
  assert.ok(events > FUZZ_ROUNDS / 10)
  assert.ok(resumed > FUZZ_ROUNDS / 2, `${resumed} of ${FUZZ_ROUNDS}`)
})
