// The status of a real supervisord, for people and for scripts.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, before, test, type TestContext } from 'node:test'
import { status } from '../../src/cli/status/status.ts'
import { buildBundle, runAgent } from '../helpers/agent-process.ts'
import { eventually } from '../helpers/eventually.ts'
import { startFakeBus } from '../helpers/fake-bus.ts'
import { fakeSystemd } from '../helpers/fake-systemd.ts'
import { startReceiver } from '../helpers/receiver.ts'
import { startSupervisord, type Supervisord } from '../helpers/supervisord.ts'

let supervisord: Supervisord

before(async () => {
  supervisord = await startSupervisord({
    programs: {
      web: 'sleep 600',
      gone: '/none/celery',
      worker: { command: 'sleep 600', numprocs: 2, process_name: '%(program_name)s_%(process_num)02d' },
      'group:celery': { programs: 'worker' },
      late: { command: 'sleep 600', autostart: false },
    },
  })
  await eventually(
    'the programs are where they shall be',
    () => supervisord.ctl('status'),
    (text) => (text.match(/RUNNING/g) ?? []).length === 3 && text.includes('FATAL'),
  )
})
after(() => supervisord.stop())

interface Screen {
  isScreen?: boolean
  env?: Record<string, string>
  columns?: number
  rows?: number
  size?: () => { columns: number; rows: number }
  onSignal?: (signal: string, listener: () => void) => void
  stop?: AbortSignal
  onPrint?: (text: string) => void
}

async function show(
  t: TestContext,
  flags: Parameters<typeof status>[0],
  { isScreen = false, env = {}, columns, rows, size, onSignal, stop, onPrint }: Screen = {},
): Promise<{ code: number; text: string; printed: string[]; errors: string }> {
  const printed: string[] = []
  let errors = ''
  const unit = { id: 'supervisor.service', active: 'active', sub: 'running' }
  const bus = await startFakeBus(t, { answer: fakeSystemd([unit]) })
  const terminal = {
    env: {
      DBUS_SYSTEM_BUS_ADDRESS: bus.address,
      RUNTIME_DIRECTORY: '/dev/null',
      LANG: 'en_US.UTF-8',
      TERM: 'xterm',
      ...env,
    },
    print(text: string) {
      printed.push(text)
      onPrint?.(text)
    },
    printError: (text: string) => void (errors += text),
    pipes: { input: Readable.from([]), output: () => {} },
    hide: () => {},
    ask: () => Promise.resolve(null),
    isInteractive: true,
    isScreen,
    screenSize: size ?? (() => ({ columns: columns ?? null, rows: rows ?? null })),
    noteCrashIn: () => {},
    holdStop: () => null,
    onSignal(signal: string, listener: () => void) {
      onSignal?.(signal, listener)
      return () => {}
    },
  }
  const given = {
    config: '/dev/null',
    stateFile: join(supervisord.dir, 'none.json'),
    supervisorUrl: supervisord.url,
    unit: 'auto',
    ...flags,
  }
  const code = await status(given, terminal, stop ?? new AbortController().signal)
  return { code, text: printed.join(''), printed, errors }
}

test('shows unit, supervisord, programs by group and the verdict, without a token', async (t) => {
  const { code, text, errors } = await show(t, {})
  const pid = supervisord.pid()
  assert.match(
    text,
    new RegExp(`^supervisor\\.service active \\(running\\) · supervisord 4\\.\\S+ pid ${pid} up `),
  )
  assert.match(text, /\n {2}celery\n {4}worker_00 +RUNNING +\d.* s +\d+ +\d\S* [MG]B\n {4}worker_01 +RUNNING/)
  assert.match(text, /\n {2}gone +FATAL +can't find command '\/none\/celery'\n/)
  assert.match(text, /\n {2}late +STOPPED +never started\n/)
  assert.match(text, /\nDOWN {2}supervisor {2}gone FATAL: /)
  assert.ok(!text.includes('\u001B'))
  assert.equal(errors, '')
  assert.equal(code, 1)
})

test('looks again before it says that a supervisord is up which was so the last time and is gone', async (t) => {
  const gone = await startSupervisord({ programs: { web: 'sleep 600' } })
  t.after(() => gone.stop())
  const stateFile = join(gone.dir, 'state.json')
  const kuma = await startReceiver(t)
  await buildBundle()
  const pushed = ['--token', 'AWbUXTosJG', '--kuma-url', kuma.url, '--state-file', stateFile]
  const agent = await runAgent(['once', ...pushed, '--supervisor-url', gone.url, '--unit', 'none'])
  assert.equal(agent.code, 0, agent.stderr)
  await gone.end()
  const { code, text } = await show(t, { supervisorUrl: gone.url, unit: 'none', stateFile })
  assert.match(text, /\nDOWN {2}supervisor {2}/)
  assert.equal(code, 1)
})

test('ends with 0 when everything that a monitor watches is up', async (t) => {
  const { code, text } = await show(t, { programs: ['celery:*'] })
  assert.match(text, /\nUP {4}celery:\* {2}2 of 2 running/)
  assert.equal(code, 0)
})

test('--json gives the documented form', async (t) => {
  const { text } = await show(t, { json: true })
  const seen = JSON.parse(text) as Record<string, unknown> & {
    watches: { supervisord: { programs: object[] } }[]
  }
  assert.deepEqual(Object.keys(seen), ['version', 'at', 'service', 'watches', 'monitors'])
  const [watch] = seen.watches
  assert.ok(watch)
  assert.deepEqual(Object.keys(watch), [
    'name',
    'seen_at',
    'check',
    'deaths',
    'unit',
    'unit_says',
    'supervisord',
  ])
  assert.deepEqual(Object.keys(watch.supervisord), ['problem', 'version', 'pid', 'up_seconds', 'programs'])
  assert.deepEqual(watch.supervisord.programs[2], {
    group: 'gone',
    name: 'gone',
    state: 'FATAL',
    up_seconds: null,
    pid: null,
    memory_bytes: null,
    restarts: null,
    says: "can't find command '/none/celery'",
  })
  assert.match(
    JSON.stringify(seen['monitors']),
    /^\[\{"name":"supervisor","status":"down","since":null,"message":"gone FATAL.*"deliveries":\[\]\}\]$/,
  )
})

test('has colours on a terminal, and none against NO_COLOR or on a dumb one', async (t) => {
  const coloured = await show(t, {}, { isScreen: true, columns: 80 })
  assert.ok(coloured.text.includes('\u001B[31mFATAL'))
  for (const env of [{ NO_COLOR: '1' }, { TERM: 'dumb' }]) {
    const plain = await show(t, {}, { isScreen: true, columns: 80, env })
    // A line that says what it waits for is taken away again, which is no colour.
    assert.ok(!plain.text.includes('\u001B[31m'), JSON.stringify(env))
  }
})

async function watchTwice(t: TestContext, flags: object, screen: Screen): Promise<string[]> {
  const stop = new AbortController()
  let count = 0
  const onPrint = (text: string): void => {
    if (!/STATE|watches/.test(text) && !text.includes('lines)')) return
    count += 1
    if (count === 2) stop.abort()
  }
  const { code, printed } = await show(
    t,
    { watch: true, ...flags },
    { ...screen, stop: stop.signal, onPrint },
  )
  assert.equal(code, 0)
  return printed
}

test('--watch draws over itself on a screen of its own, no more lines than there are, and gives it back', async (t) => {
  const printed = await watchTwice(t, {}, { isScreen: true, columns: 80, rows: 6 })
  const [entered, ...drawn] = printed.slice(0, -1)
  assert.equal(entered, '\u001B[?1049h\u001B[?25l')
  assert.equal(printed.at(-1), '\u001B[?25h\u001B[?1049l')
  assert.equal(drawn.length, 2)
  for (const text of drawn) {
    assert.ok(text.startsWith('\u001B[?2026h\u001B[H') && text.endsWith('\u001B[J\u001B[?2026l'), text)
    assert.equal(text.split('\n').length - 1, 5, text)
    assert.match(text, /\(\+\d+ lines\)/)
    assert.ok(text.indexOf('DOWN') < text.indexOf('lines)'), 'the verdicts come first')
  }
})

test('--watch draws anew when the size of the terminal changes', async (t) => {
  const stop = new AbortController()
  const size: { columns: number; resized: (() => void) | null } = { columns: 80, resized: null }
  const drawn: string[] = []
  await show(
    t,
    { watch: true },
    {
      isScreen: true,
      size: () => ({ columns: size.columns, rows: 40 }),
      onSignal: (signal, listener) => {
        if (signal === 'SIGWINCH') size.resized = listener
      },
      stop: stop.signal,
      onPrint(text) {
        if (!text.includes('STATE')) return
        drawn.push(text)
        if (drawn.length === 2) stop.abort()
        if (drawn.length > 1) return
        size.columns = 40
        setImmediate(() => size.resized?.())
      },
    },
  )
  const [wide = '', narrow = ''] = drawn
  assert.match(wide, /PID/)
  assert.ok(!narrow.includes('PID'), narrow)
})

test('--watch without a terminal prints one table after the other, and JSON one object a line', async (t) => {
  const tables = await watchTwice(t, {}, {})
  assert.ok(!tables.join('').includes('\u001B'))
  const lines = (await watchTwice(t, { json: true }, {})).join('').trimEnd().split('\n')
  assert.equal(lines.length, 2)
  for (const line of lines) assert.equal(typeof JSON.parse(line), 'object')
})

test('says what is wrong with a supervisord that does not answer', async (t) => {
  const dead = `unix://${supervisord.dir}/none.sock`
  const { code, text } = await show(t, { supervisorUrl: dead, unit: 'none' })
  assert.ok(text.replaceAll(/\s+/g, ' ').includes(`the socket file of ${dead} does not exist`), text)
  assert.match(text, /\nDOWN {2}supervisor {2}supervisord is not running/)
  assert.equal(code, 1)
})
