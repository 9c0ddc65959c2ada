// The status of a real supervisord, for people and for scripts.
import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { after, before, test, type TestContext } from 'node:test'
import { status } from '../../src/commands/status.ts'
import { eventually } from '../helpers/eventually.ts'
import { startFakeBus } from '../helpers/fake-bus.ts'
import { fakeSystemd } from '../helpers/fake-systemd.ts'
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
  stop?: AbortSignal
  onPrint?: (text: string) => void
}

async function show(
  t: TestContext,
  flags: Parameters<typeof status>[0],
  { isScreen = false, env = {}, columns, rows, stop, onPrint }: Screen = {},
): Promise<{ code: number; text: string; printed: string[]; errors: string }> {
  const printed: string[] = []
  let errors = ''
  const unit = { id: 'supervisor.service', active: 'active', sub: 'running' }
  const bus = await startFakeBus(t, { answer: fakeSystemd([unit]) })
  const terminal = {
    env: { DBUS_SYSTEM_BUS_ADDRESS: bus.address, LANG: 'en_US.UTF-8', TERM: 'xterm', ...env },
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
    screenSize: () => ({ columns: columns ?? null, rows: rows ?? null }),
    onFault: () => {},
    onSignal: () => () => {},
  }
  const given = { config: '/dev/null', supervisorUrl: supervisord.url, unit: 'auto', ...flags }
  const code = await status(given, terminal, stop ?? new AbortController().signal)
  return { code, text: printed.join(''), printed, errors }
}

test('shows unit, supervisord, programs by group and the verdict, without a token', async (t) => {
  const { code, text, errors } = await show(t, {})
  const pid = supervisord.pid()
  assert.match(text, new RegExp(`^local: supervisor\\.service active \\(running\\) · supervisord pid ${pid}`))
  assert.match(text, /\n {2}celery\n {4}worker_00 +RUNNING +\d+ s +\d+\n {4}worker_01 +RUNNING/)
  assert.match(text, /\n {2}gone +FATAL +can't find command '\/none\/celery'\n/)
  assert.match(text, /\n {2}late +STOPPED +never started\n/)
  assert.match(text, /\nDOWN {2}supervisor {2}gone FATAL: /)
  assert.ok(!text.includes('\u001B'))
  assert.equal(errors, '')
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
  assert.deepEqual(Object.keys(seen), ['version', 'at', 'watches', 'monitors'])
  const [watch] = seen.watches
  assert.ok(watch)
  assert.deepEqual(Object.keys(watch), ['name', 'unit', 'unit_says', 'supervisord'])
  assert.deepEqual(Object.keys(watch.supervisord), ['problem', 'pid', 'up_seconds', 'programs'])
  assert.deepEqual(watch.supervisord.programs[2], {
    group: 'gone',
    name: 'gone',
    state: 'FATAL',
    up_seconds: null,
    pid: null,
    says: "can't find command '/none/celery'",
  })
  assert.match(
    JSON.stringify(seen['monitors']),
    /^\[\{"name":"supervisor","status":"down","message":"gone FATAL/,
  )
})

test('has colours on a terminal, and none against NO_COLOR or on a dumb one', async (t) => {
  const coloured = await show(t, {}, { isScreen: true, columns: 80 })
  assert.ok(coloured.text.includes('\u001B[31mFATAL'))
  for (const env of [{ NO_COLOR: '1' }, { TERM: 'dumb' }]) {
    const plain = await show(t, {}, { isScreen: true, columns: 80, env })
    assert.ok(!plain.text.includes('\u001B'), JSON.stringify(env))
  }
})

async function watchTwice(t: TestContext, flags: object, screen: Screen): Promise<string[]> {
  const stop = new AbortController()
  let count = 0
  const onPrint = (): void => {
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

test('--watch draws over itself, no more lines than the terminal has', async (t) => {
  const printed = await watchTwice(t, {}, { isScreen: true, columns: 80, rows: 6 })
  assert.equal(printed.length, 2)
  assert.ok(printed[0]?.startsWith('\u001B[2J\u001B[H'))
  assert.ok(printed[1]?.startsWith('\u001B[H'))
  for (const text of printed) {
    assert.equal(text.split('\n').length - 1, 5, text)
    assert.match(text, /\(\+\d+ lines\)/)
  }
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
  assert.ok(text.replaceAll(/\s+/g, ' ').includes(`local: the socket file of ${dead} does not exist`), text)
  assert.match(text, /\nDOWN {2}supervisor {2}supervisord is not running/)
  assert.equal(code, 1)
})
