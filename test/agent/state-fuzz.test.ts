import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeState, encodeState } from '../../src/agent/state.ts'
import { EMPTY_STATE } from '../../src/rules/state.ts'
import { createMutator, FUZZ_ROUNDS, FUZZ_SEED } from '../helpers/fuzz.ts'

const record = {
  ...EMPTY_STATE,
  status: 'down' as const,
  supervisorPid: 4711,
  programs: new Map([
    [
      'a:b',
      {
        start: 5,
        pid: 7,
        state: 'RUNNING' as const,
        restarts: [{ atMs: 4, untilMs: 5, why: 'exit 1' }],
        isLooping: false,
        count: 3,
        failing: { firstStart: 4, lastStart: 5, sinceMs: 3, count: 2, why: 'Exited too quickly' },
        badEnd: 'exit 1',
      },
    ],
  ]),
}
const statusSince = { status: 'down' as const, sinceMs: 5 }
const notifiers = [
  {
    kuma: 'kuma',
    missed: {
      toldStatus: 'up' as const,
      turns: [{ status: 'down' as const, atMs: 5, why: 'web' }],
      forgotten: 1,
    },
    openSinceMs: 7,
    delivery: {
      delivered: { atMs: 5, status: 'up' as const },
      answer: { atMs: 6, kind: 'refused', says: 'refused' },
    },
  },
]
const monitors = new Map([['monitor', { state: record, statusSince, notifiers }]])
const state = encodeState(monitors, 'boot')

test(`decodes any state file or refuses it in one line (${FUZZ_ROUNDS} files, seed ${FUZZ_SEED})`, () => {
  const { text } = createMutator([state, '{}', '{"version":1}', '[]', 'null'])
  let decoded = 0
  for (let round = 0; round < FUZZ_ROUNDS; round++) {
    const file = text()
    try {
      const kept = decodeState(file, 'boot')
      decoded++
      // What was taken can be written and read again.
      assert.deepEqual(decodeState(encodeState(kept, 'boot'), 'boot'), kept)
    } catch (error) {
      assert.ok(error instanceof Error && error.name === 'Error', `${String(error)}\n${file}`)
      assert.match(error.message, /^[^\n]{1,400}$/, file)
    }
  }
  assert.ok(decoded > 0)
})

test('refuses a value with a line break in one line', () => {
  assert.throws(() => decodeState(state.replace('"down"', String.raw`"do\nwn"`), 'boot'), {
    message: /^monitors\.0\.status: [^\n]+$/,
  })
})
