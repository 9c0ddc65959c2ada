import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseEvents } from '../../../src/collect/supervisor/parse-events.ts'

describe("supervisord's log", () => {
  const AT = '2026-11-21 05:10:11,123'
  const rows: [line: string, event: unknown][] = [
    ["INFO spawned: 'it's me' with pid 4711", { name: "it's me", kind: 'spawned', pid: 4711 }],
    [
      'INFO exited: web (exit status 0; expected)',
      { name: 'web', kind: 'exited', expected: true, why: 'exit 0' },
    ],
    [
      'WARN exited: web (exit status 7; not expected)',
      { name: 'web', kind: 'exited', expected: false, why: 'exit 7' },
    ],
    [
      'INFO exited: w (1) (terminated by SIGKILL; not expected)',
      { name: 'w (1)', kind: 'exited', expected: false, why: 'killed by SIGKILL' },
    ],
    [
      'WARN exited: web (terminated by SIGSEGV (core dumped); not expected)',
      { name: 'web', kind: 'exited', expected: false, why: 'killed by SIGSEGV, core dumped' },
    ],
    ['INFO stopped: wörker_01 (terminated by SIGTERM)', { name: 'wörker_01', kind: 'stopped' }],
    ['WARN stopped: web (exit status 143)', { name: 'web', kind: 'stopped' }],
    [
      'INFO success: web entered RUNNING state, process has stayed up for > than 1 seconds (startsecs)',
      { name: 'web', kind: 'running' },
    ],
  ]
  for (const [line, event] of rows) {
    it(`is read: ${line}`, () => {
      assert.deepEqual(parseEvents(`${AT} ${line}\n`), [event])
    })
  }

  const passedOver = [
    "INFO spawned: 'web'",
    'INFO gave up: web entered FATAL state, too many start retries too quickly',
    'INFO waiting for web to stop',
    'INFO exited: web',
    'INFO success: web',
    'CRIT Supervisor is running as root.',
  ]
  for (const line of passedOver) {
    it(`is passed over: ${line}`, () => {
      assert.deepEqual(parseEvents(`${AT} ${line}\n`), [])
    })
  }

  it('may begin and end in the middle of a line', () => {
    const log = `ed: web (exit status 1; not expected)\n${AT} INFO stopped: a (exit status 0)\n${AT} INFO stop`
    assert.deepEqual(parseEvents(log), [{ name: 'a', kind: 'stopped' }])
  })
})
