import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import {
  findBlindness,
  isSupervisordCommand,
  readChildren,
  readMemory,
  readUpSeconds,
} from '../../src/collect/processes.ts'

interface FakeProcess {
  readonly pid: number
  readonly parent?: number
  readonly command?: string
  /** Absent for a zombie. */
  readonly kilobytes?: number
}

/** A folder as `/proc` shows these processes, all started after 2,000.25 seconds, on a host that is up for 5,000.25. */
function proc(t: TestContext, processes: readonly FakeProcess[]): string {
  const dir = mkdtempSync(join(tmpdir(), 'ksp-proc-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  writeFileSync(join(dir, 'uptime'), '5000.25 9000.00\n')
  for (const { pid, parent = 1, command = 'sh', kilobytes } of processes) {
    mkdirSync(join(dir, String(pid)))
    writeFileSync(join(dir, `${pid}/cmdline`), `/usr/bin/python3\0/usr/bin/${command}\0-n\0`)
    const more = `${pid} ${pid} 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 200025 1`
    writeFileSync(join(dir, `${pid}/stat`), `${pid} (a) Z 9 (b) S ${parent} ${more}\n`)
    const size = kilobytes === undefined ? '' : `VmHWM:\t  99999 kB\nVmRSS:\t  ${kilobytes} kB\n`
    writeFileSync(join(dir, `${pid}/status`), `Name:\tsh\n${size}Threads:\t1\n`)
  }
  mkdirSync(join(dir, 'sys'))
  return dir
}

const SUPERVISORDS: readonly (readonly string[])[] = [
  ['/usr/bin/python3', '/usr/bin/supervisord', '-n', '-c', '/etc/supervisor/supervisord.conf'],
  ['/usr/bin/python3', '-u', '-W', 'ignore', '/usr/bin/supervisord', '--nodaemon'],
  ['python3', '-m', 'supervisor.supervisord', '--configuration', '/etc/supervisord.conf'],
  ['/nix/store/x-python3/bin/python3', '/nix/store/y/bin/.supervisord-wrapped', '-n'],
  ['/usr/bin/python3.11', '/usr/local/bin/supervisord-3.11'],
  ['supervisord'],
  // A title that was set has no ends of words.
  ['supervisord -n -c /etc/supervisord.conf'],
]

for (const words of SUPERVISORDS) {
  test(`a supervisord is ${words.join(' ')}`, () => {
    assert.equal(isSupervisordCommand(`${words.join('\0')}\0`), true)
  })
}

const OTHERS: readonly (readonly string[])[] = [
  [
    'node',
    '/usr/local/bin/kuma-supervisor-push',
    'run',
    '--supervisor-url',
    'unix:///run/supervisord/supervisord.sock',
  ],
  ['node', '/usr/local/bin/kuma-supervisor-push', '--unit', 'supervisord', '--unit=supervisord'],
  ['sh', '-c', 'exec kuma-supervisor-push --supervisor-url unix:///run/supervisord.sock --unit supervisord'],
  ['tail', '-f', '/var/log/supervisord.log'],
  ['vi', '/etc/supervisord.conf'],
  ['ls', '/etc/supervisord.d'],
  ['/opt/supervisord/bin/python3', 'web.py'],
  ['supervisorctl', '-c', '/etc/supervisord.conf'],
  [],
]

for (const words of OTHERS) {
  test(`no supervisord is ${words.join(' ') || 'a thread of the kernel'}`, () => {
    assert.equal(isSupervisordCommand(`${words.join('\0')}\0`), false)
  })
}

const SUPERVISORD = { pid: 50, parent: 1, command: 'supervisord', kilobytes: 20_000 }

test('a process counts with everything below it, and its neighbours do not', (t) => {
  const dir = proc(t, [
    SUPERVISORD,
    { pid: 101, parent: 50, kilobytes: 10 },
    { pid: 102, parent: 50, kilobytes: 7 },
    { pid: 201, parent: 101, kilobytes: 20 },
    { pid: 301, parent: 201, kilobytes: 40 },
    { pid: 999, parent: 1, kilobytes: 5_000 },
  ])
  assert.deepEqual(readMemory({ supervisorPid: 50, pids: [101, 102] }, dir), {
    kind: 'read',
    bytes: new Map([
      [101, 70 * 1024],
      [102, 7 * 1024],
    ]),
  })
})

test('a zombie counts nothing, and one that has ended is left out', (t) => {
  const dir = proc(t, [SUPERVISORD, { pid: 101, parent: 50 }])
  assert.deepEqual(readMemory({ supervisorPid: 50, pids: [101, 102] }, dir), {
    kind: 'read',
    bytes: new Map([[101, 0]]),
  })
})

test('a pid that another process has now is not read', (t) => {
  const dir = proc(t, [
    SUPERVISORD,
    { pid: 101, parent: 50, kilobytes: 1 },
    { pid: 102, parent: 1, kilobytes: 1 },
  ])
  const reading = readMemory({ supervisorPid: 50, pids: [101, 102] }, dir)
  assert.deepEqual(reading.kind === 'read' && [...reading.bytes.keys()], [101])
})

test('why memory cannot be known is told', (t) => {
  const dir = proc(t, [
    SUPERVISORD,
    { pid: 60, parent: 1, command: 'nginx' },
    { pid: 101, parent: 60, kilobytes: 1 },
  ])
  for (const [supervisorPid, why] of [
    [null, /^supervisord does not tell its pid$/],
    [51, /^\/proc\/51 of supervisord is hidden from the agent/],
    [60, /^supervisord counts its pids elsewhere/],
    [50, /^supervisord counts its pids elsewhere/],
  ] as const) {
    const reading = readMemory({ supervisorPid, pids: [101] }, dir)
    assert.match(reading.kind === 'failed' ? reading.why : '', why)
  }
})

test('a supervisord has been up since its process started, whatever the name of that holds', (t) => {
  const dir = proc(t, [SUPERVISORD, { pid: 60, command: 'nginx' }])
  assert.equal(readUpSeconds(50, dir), 3000)
  assert.equal(readUpSeconds(60, dir), null, 'another process')
  assert.equal(readUpSeconds(70, dir), null, 'no process')
})

test('all children are read, however many there are, and none where the process is gone', (t) => {
  const dir = proc(t, [])
  mkdirSync(join(dir, '50/task/50'), { recursive: true })
  for (const count of [0, 1, 400, 5_000]) {
    const pids = Array.from({ length: count }, (_, at) => 1_000_000 + at)
    writeFileSync(join(dir, '50/task/50/children'), pids.map((pid) => `${pid} `).join(''))
    assert.deepEqual(readChildren(50, dir), pids)
  }
  assert.deepEqual(readChildren(51, dir), [])
})

const FAMILY = { supervisorPid: 50, pids: [101, 102] }

/** What is found where these processes are seen and those exist too, hidden. */
function find(
  t: TestContext,
  family: { supervisorPid: number | null; pids: readonly number[] },
  { seen, hidden = [] }: { seen: readonly FakeProcess[]; hidden?: readonly number[] },
): string | null {
  const exists = (pid: number): boolean => hidden.includes(pid) || seen.some((one) => one.pid === pid)
  return findBlindness(family, proc(t, seen), exists)
}

test('sees a supervisord with its children, even when one has just ended', (t) => {
  assert.equal(find(t, FAMILY, { seen: [SUPERVISORD, { pid: 101, parent: 50 }] }), null)
  assert.equal(find(t, FAMILY, { seen: [SUPERVISORD] }), null)
  assert.equal(find(t, { ...FAMILY, pids: [] }, { seen: [SUPERVISORD] }), null)
})

test('says when supervisord is elsewhere', (t) => {
  const elsewhere = 'pid 50 is no supervisord here: it runs in another container, or on another host'
  assert.equal(find(t, FAMILY, { seen: [] }), elsewhere)
  assert.equal(find(t, FAMILY, { seen: [{ pid: 50, parent: 2 }] }), elsewhere)
})

test('says when another supervisord has its pid by chance', (t) => {
  const seen = [SUPERVISORD, { pid: 101, parent: 7 }]
  assert.equal(
    find(t, FAMILY, { seen }),
    'its processes are not here: the supervisord of pid 50 here is another one',
  )
})

test('says what hidepid hides', (t) => {
  assert.equal(
    find(t, FAMILY, { seen: [], hidden: [50, 101] }),
    '/proc hides it, pid 50, from this user (hidepid)',
  )
  const partly = find(t, FAMILY, { seen: [SUPERVISORD, { pid: 101, parent: 50 }], hidden: [102] })
  assert.equal(partly, '/proc hides 1 of its 2 processes from this user (hidepid)')
})

test('says when supervisord does not tell its pid', (t) => {
  assert.equal(
    find(t, { ...FAMILY, supervisorPid: null }, { seen: [SUPERVISORD] }),
    'it does not tell its pid',
  )
})
