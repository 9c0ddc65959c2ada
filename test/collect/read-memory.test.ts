import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { readMemory } from '../../src/collect/read-memory.ts'

interface FakeProcess {
  readonly pid: number
  readonly parent: number
  readonly command?: string
  /** Absent for a zombie. */
  readonly kilobytes?: number
}

/** A folder as `/proc` shows these processes. */
async function proc(t: TestContext, processes: readonly FakeProcess[]): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'ksp-proc-'))
  t.after(() => rm(dir, { recursive: true, force: true, maxRetries: 9 }))
  for (const { pid, parent, command = 'sh', kilobytes } of processes) {
    await mkdir(join(dir, String(pid)))
    await writeFile(join(dir, `${pid}/cmdline`), `/usr/bin/python3\0/usr/bin/${command}\0-n\0`)
    await writeFile(join(dir, `${pid}/stat`), `${pid} (a) Z 9 (b) S ${parent} ${pid} ${pid} 0 -1\n`)
    const size = kilobytes === undefined ? '' : `VmHWM:\t  99999 kB\nVmRSS:\t  ${kilobytes} kB\n`
    await writeFile(join(dir, `${pid}/status`), `Name:\tsh\n${size}Threads:\t1\n`)
  }
  await mkdir(join(dir, 'sys'))
  return dir
}

const SUPERVISORD = { pid: 50, parent: 1, command: 'supervisord', kilobytes: 20_000 }

test('a process counts with everything below it, and its neighbours do not', async (t) => {
  const dir = await proc(t, [
    SUPERVISORD,
    { pid: 101, parent: 50, kilobytes: 10 },
    { pid: 102, parent: 50, kilobytes: 7 },
    { pid: 201, parent: 101, kilobytes: 20 },
    { pid: 301, parent: 201, kilobytes: 40 },
    { pid: 999, parent: 1, kilobytes: 5_000 },
  ])
  assert.deepEqual(await readMemory({ supervisorPid: 50, pids: [101, 102] }, dir), {
    kind: 'read',
    bytes: new Map([
      [101, 70 * 1024],
      [102, 7 * 1024],
    ]),
  })
})

test('a zombie counts nothing, and one that has ended is left out', async (t) => {
  const dir = await proc(t, [SUPERVISORD, { pid: 101, parent: 50 }])
  assert.deepEqual(await readMemory({ supervisorPid: 50, pids: [101, 102] }, dir), {
    kind: 'read',
    bytes: new Map([[101, 0]]),
  })
})

test('a pid that another process has now is not read', async (t) => {
  const dir = await proc(t, [
    SUPERVISORD,
    { pid: 101, parent: 50, kilobytes: 1 },
    { pid: 102, parent: 1, kilobytes: 1 },
  ])
  const reading = await readMemory({ supervisorPid: 50, pids: [101, 102] }, dir)
  assert.deepEqual(reading.kind === 'read' && [...reading.bytes.keys()], [101])
})

test('why memory cannot be known is told', async (t) => {
  const dir = await proc(t, [
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
    const reading = await readMemory({ supervisorPid, pids: [101] }, dir)
    assert.match(reading.kind === 'failed' ? reading.why : '', why)
  }
})

test('a host with more processes than the agent may have files open is read all the same', async (t) => {
  const programs = Array.from({ length: 400 }, (_, index) => ({
    pid: 1000 + index,
    parent: 50,
    kilobytes: 1,
  }))
  const dir = await proc(t, [SUPERVISORD, ...programs])
  const openFiles = (): number => readdirSync('/proc/self/fd').length
  const before = openFiles()
  let most = 0
  const reading = readMemory({ supervisorPid: 50, pids: programs.map(({ pid }) => pid) }, dir)
  const isRead = (): Promise<boolean> =>
    Promise.race([reading.then(() => true), new Promise<boolean>((resolve) => setImmediate(resolve, false))])
  do most = Math.max(most, openFiles() - before)
  while (!(await isRead()))
  const { kind } = await reading
  assert.equal(kind, 'read')
  assert.ok(most < 20, `${most} at once`)
})
