import assert from 'node:assert/strict'
import { describe, it, test } from 'node:test'
import type { CallResult } from '../../../src/collect/supervisor/connection.ts'
import { lastLine, parseEvents, LastLines, RecentEvents } from '../../../src/collect/supervisor/log.ts'
import type { ProgramConfig } from '../../../src/collect/supervisor/process-info.ts'
import { createMutator, FUZZ_ROUNDS, FUZZ_SEED } from '../../helpers/fuzz.ts'
import { program, programConfig } from '../../helpers/snapshots.ts'

const value = (text: string): CallResult => ({ kind: 'value', value: text })
const brokenText: CallResult = { kind: 'http-status', status: 500 }

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

const LINES = [
  "2026-11-21 05:00:00,123 INFO spawned: 'web' with pid 4711",
  '2026-11-21 05:00:01,124 INFO success: web entered RUNNING state, process has stayed up for > than 1 seconds (startsecs)',
  '2026-11-21 05:00:02,125 WARN exited: web (exit status 1; not expected)',
  '2026-11-21 05:00:02,126 WARN exited: web (terminated by SIGSEGV (core dumped); not expected)',
  '2026-11-21 05:00:03,127 INFO stopped: web (terminated by SIGTERM)',
  '2026-11-21 05:00:04,128 INFO gave up: web entered FATAL state, too many start retries too quickly',
]

test(`reads any log without an exception (${FUZZ_ROUNDS} logs, seed ${FUZZ_SEED})`, () => {
  const { text } = createMutator([...LINES, LINES.join('\n')])
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

const LOG = "2026-11-21 05:10:11,123 INFO spawned: 'web' with pid 4711\n"
const SPAWNED = { name: 'web', kind: 'spawned', pid: 4711 }

/** supervisord's log, which answers as told; the last answer is given from then on. */
function logOf(...answers: CallResult[]) {
  const events = new RecentEvents()
  const asked: number[] = []
  const time = { now: 1_700_000_100 }
  const get = (...processes: ReturnType<typeof program>[]) =>
    events.read(processes, time.now, (bytes) => {
      asked.push(bytes)
      return Promise.resolve((answers.length > 1 ? answers.shift() : answers[0]) as CallResult)
    })
  return { get, asked, time }
}

const web = (more = {}) => program('web', 'RUNNING', more)

test('the log is read once for the same processes, and again for another', async () => {
  const { get, asked, time } = logOf(value(LOG))
  assert.deepEqual(await get(web()), [SPAWNED])
  time.now += 5
  assert.deepEqual(await get(web()), [SPAWNED])
  assert.equal(asked.length, 1)
  await get(web({ pid: 99 }))
  await get(web({ pid: 99, start: 1_700_000_050 }))
  assert.equal(asked.length, 3)
})

test('the log is not read when nothing was started within the hour', async () => {
  const { get, asked, time } = logOf(value(LOG))
  time.now = 1_700_010_000
  assert.equal(await get(web(), program('never', 'STOPPED', { start: 0 })), null)
  assert.deepEqual(asked, [])
})

test('a piece that begins within a character is asked for again, some bytes on', async () => {
  const { get, asked } = logOf(brokenText, brokenText, value(LOG))
  assert.deepEqual(await get(web()), [SPAWNED])
  assert.deepEqual(asked, [32_768, 32_767, 32_766])
})

test('a log that is no text at all is given up, and not asked for at every look', async () => {
  const { get, asked } = logOf(brokenText)
  assert.equal(await get(web()), null)
  assert.equal(await get(web()), null)
  assert.equal(asked.length, 8)
})

test('a log that cannot be had is asked for once', async () => {
  for (const answer of [
    { kind: 'http-status', status: 401 },
    { kind: 'fault', code: 1, message: 'UNKNOWN_METHOD' },
    { kind: 'no-answer', code: 'timeout', detail: 'timed out' },
    { kind: 'value', value: 42 },
  ] satisfies CallResult[]) {
    const { get, asked } = logOf(answer)
    assert.equal(await get(web()), null)
    assert.equal(asked.length, 1)
  }
})

const never = new AbortController().signal
const LOGGED = { stderrLogfile: '/var/log/web.err' }
const fatal = (name: string, more = {}) =>
  program(name, 'FATAL', { spawnerr: 'Exited too quickly', ...LOGGED, ...more })
const exited = (more = {}) => program('web', 'EXITED', { exitstatus: 1, ...LOGGED, ...more })

/** Programs whose last line of stderr is `<program> says <count>`. */
function programs(signal = never, configs: ProgramConfig[] | null = null) {
  const asked: string[] = []
  const time = { now: 1_700_000_100 }
  const lines = new LastLines()
  const get = (...processes: ReturnType<typeof program>[]) =>
    lines.read(
      processes,
      time.now,
      configs,
      (stream, name) => {
        asked.push(stream === 'stderr' ? name : `${name} ${stream}`)
        return Promise.resolve(
          value(`${name} says ${asked.length}
`),
        )
      },
      signal,
    )
  return { asked, get, time }
}

test('the last line that was written by a failed program is asked for once', async () => {
  const { asked, get } = programs()
  const said = new Map([['web:web', 'web:web says 1']])
  assert.deepEqual(await get(fatal('web')), said)
  assert.deepEqual(await get(fatal('web')), said)
  assert.deepEqual(asked, ['web:web'])
})

test('another end of the same program has a line of its own', async () => {
  const { asked, get } = programs()
  await get(exited())
  await get(exited({ start: 1_700_000_050 }))
  assert.deepEqual(asked, ['web:web', 'web:web'])
})

test('a program that is well is not asked about, nor is one without a log of its own', async () => {
  const { asked, get } = programs()
  const well = program('web', 'RUNNING', LOGGED)
  const expected = program('batch', 'EXITED', { stop: 0, ...LOGGED })
  assert.equal((await get(well, expected, fatal('quiet', { stderrLogfile: '' }))).size, 0)
  assert.deepEqual(asked, [])
})

test('a program whose stderr goes with its stdout is asked for that', async () => {
  const redirected = fatal('web', { stderrLogfile: '', stdoutLogfile: '/var/log/web.out' })
  for (const [redirectsStderr, method] of [
    [true, ['web:web stdout']],
    [null, ['web:web stdout']],
    [false, []],
  ] as const) {
    const { asked, get } = programs(never, [programConfig('web', { redirectsStderr })])
    await get(redirected)
    assert.deepEqual(asked, method)
  }
})

test('one that came back lately tells why, and long after nothing', async () => {
  const { get } = programs()
  const back = { stop: 1_699_999_999, ...LOGGED }
  assert.equal((await get(program('web', 'RUNNING', back))).size, 1)
  const { get: getLater, time } = programs()
  time.now = 1_700_000_400
  assert.equal((await getLater(program('web', 'RUNNING', back))).size, 0)
})

test('five are asked in one check, the failed ones first, the others in the next', async () => {
  const { asked, get } = programs()
  const back = program('back', 'RUNNING', { stop: 1_699_999_999, ...LOGGED })
  const processes = [back, ...['a', 'b', 'c', 'd', 'e'].map((name) => fatal(name))]
  assert.equal((await get(...processes)).has('back:back'), false)
  assert.equal(asked.length, 5)
  assert.equal((await get(...processes)).has('back:back'), true)
  assert.equal(asked.length, 6)
})

test('what was cut off by the deadline is asked for again', async () => {
  const { asked, get } = programs(AbortSignal.abort())
  await get(fatal('web'))
  await get(fatal('web'))
  assert.equal(asked.length, 2)
})

test('a program that is gone is forgotten', async () => {
  const { asked, get } = programs()
  await get(fatal('web'))
  await get()
  await get(fatal('web'))
  assert.equal(asked.length, 2)
})

const CASES: readonly [what: string, text: string, isCut: boolean, line: string | null][] = [
  ['the last of several', 'one\ntwo\n', false, 'two'],
  ['the last that is not blank', 'Traceback:\nValueError: no\n  \n\n', false, 'ValueError: no'],
  ['a line without its end', 'one\ntwo', false, 'two'],
  ['lines as Windows ends them', 'one\r\ntwo\r\n', false, 'two'],
  ['what a progress bar wrote last', '10 %\r50 %\rfailed', false, 'failed'],
  ['nothing', '', false, null],
  ['blank lines only', ' \n\t\n', false, null],
  ['text without its colours', '␛[1;31mERROR␛[0m: no disk\n', false, 'ERROR: no disk'],
  ['text without a link or a title', '␛]0;title␇a ␛]8;;http://x␛\\link\n', false, 'a link'],
  ['text without NUL and BEL', 'a␀b␇c\n', false, 'abc'],
  ['a line of escapes only as none', 'before\n␛[2K␛[1G\n', false, 'before'],
  ['a whole line behind a cut one', 'rd=secret\nValueError\n', true, 'ValueError'],
  ['a cut line as none when it is short', 'rd=secret', true, null],
  ['the end of a long cut line', `${'x'.repeat(300)} the end`, true, '…the end'],
  ['a cut line as none when it is one long word', 'x'.repeat(400), true, null],
]

for (const [what, text, isCut, line] of CASES) {
  test(`the last line is ${what}`, () => {
    assert.equal(lastLine(text, isCut), line)
  })
}

test('a piece of a log that is no whole UTF-8 is asked for again, some bytes on, and a smaller one at last', async () => {
  const failed = program('web', 'FATAL', { spawnerr: 'Exited too quickly', ...LOGGED })
  const asked: number[] = []
  const ask = (_stream: string, _name: string, bytes: number): Promise<CallResult> => {
    asked.push(bytes)
    return Promise.resolve(bytes > 600 ? brokenText : value('no disk\n'))
  }
  const lines = await new LastLines().read([failed], 1_700_000_100, null, ask, never)
  assert.deepEqual([...lines], [['web:web', 'no disk']])
  assert.deepEqual(asked, [4096, 4095, 4094, 4093, 600])
})
