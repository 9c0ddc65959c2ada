import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EventStream, type SupervisorEvent } from '../../../src/collect/supervisor/event-stream.ts'
import { createMutator, FUZZ_ROUNDS, FUZZ_SEED } from '../../helpers/fuzz.ts'

const header = (name: string, length: number): string =>
  `ver:3.0 server:supervisor serial:21 pool:kuma poolserial:10 eventname:${name} len:${length}\n`
const EXITED = 'processname:cat groupname:cat from_state:RUNNING expected:0 pid:2766'

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
