import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseEvents } from '../../../src/collect/supervisor/parse-events.ts'
import { createMutator, FUZZ_ROUNDS, FUZZ_SEED } from '../../helpers/fuzz.ts'

const LOG = [
  "2026-11-21 05:00:00,123 INFO spawned: 'web' with pid 4711",
  '2026-11-21 05:00:01,124 INFO success: web entered RUNNING state, process has stayed up for > than 1 seconds (startsecs)',
  '2026-11-21 05:00:02,125 WARN exited: web (exit status 1; not expected)',
  '2026-11-21 05:00:02,126 WARN exited: web (terminated by SIGSEGV (core dumped); not expected)',
  '2026-11-21 05:00:03,127 INFO stopped: web (terminated by SIGTERM)',
  '2026-11-21 05:00:04,128 INFO gave up: web entered FATAL state, too many start retries too quickly',
]

test(`reads any log without an exception (${FUZZ_ROUNDS} logs, seed ${FUZZ_SEED})`, () => {
  const { text } = createMutator([...LOG, LOG.join('\n')])
  let events = 0
  for (let round = 0; round < FUZZ_ROUNDS; round++) {
    const log = text()
    const found = parseEvents(log)
    events += found.length
    assert.ok(found.length <= log.split('\n').length, log)
    for (const event of found) {
      assert.notEqual(event.name, '', log)
      if (event.kind === 'spawned') assert.ok(event.pid >= 0, log)
    }
  }
  assert.ok(events > FUZZ_ROUNDS / 10)
})

test('reads a line of 64 KiB that almost matches', () => {
  const almost = '2026-11-21 05:00:02,125 WARN exited: '
  for (const part of ['a (terminated by ', '(exit status 1', 'x ', ' (exit status 1; not expected']) {
    assert.ok(parseEvents(almost + part.repeat(65_536 / part.length)).length <= 1)
  }
})
