import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { PidWatch } from '../../src/collect/pid-watch.ts'
import { readChildren, readProcessStat } from '../../src/collect/processes.ts'
import { eventually } from '../helpers/eventually.ts'

const SUPERVISORD = 50

/** A watch whose time the test moves, and what it tells: a start, or after how many milliseconds a death. */
function startWatch(t: TestContext, procDir: string, cpuMs = 0) {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  t.mock.method(process, 'cpuUsage', () => ({ user: cpuMs * 1000, system: 0 }))
  let nowMs = 0
  const told: (number | 'start')[] = []
  const watch = new PidWatch((change) => void told.push(change === 'death' ? nowMs : change), procDir)
  t.after(() => watch.close())
  const advance = (ms: number): void => {
    for (const untilMs = nowMs + ms; nowMs < untilMs;) {
      nowMs += 50
      t.mock.timers.tick(50)
    }
  }
  return { watch, advance, told }
}

/** A `/proc` of files, with a watch over it. */
function start(t: TestContext, cpuMs = 0) {
  const procDir = mkdtempSync(join(tmpdir(), 'ksp-proc-'))
  t.after(() => rmSync(procDir, { recursive: true, force: true }))
  const run = (pid: number, { parent = SUPERVISORD, state = 'S', started = 7000, command = 'sh' } = {}) => {
    end(pid)
    mkdirSync(join(procDir, String(pid)))
    const more = `${pid} ${pid} 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 ${started} 1 2 3`
    writeFileSync(join(procDir, `${pid}/stat`), `${pid} (a ) R ${command}) ${state} ${parent} ${more}\n`)
    writeFileSync(join(procDir, `${pid}/cmdline`), `/usr/bin/${command}\0-n\0`)
  }
  const end = (pid: number) => rmSync(join(procDir, String(pid)), { recursive: true, force: true })
  const bear = (...pids: number[]) => {
    mkdirSync(join(procDir, `${SUPERVISORD}/task/${SUPERVISORD}`), { recursive: true })
    writeFileSync(join(procDir, `${SUPERVISORD}/task/${SUPERVISORD}/children`), `${pids.join(' ')} `)
  }
  run(SUPERVISORD, { parent: 1, command: 'supervisord' })
  return { ...startWatch(t, procDir, cpuMs), run, end, bear }
}

test('tells a process that is gone, once, at the next reading', (t) => {
  const { watch, advance, told, run, end } = start(t)
  run(101)
  run(102)
  watch.watch(SUPERVISORD, [101, 102])
  advance(1_000)
  end(101)
  advance(1_000)
  watch.watch(SUPERVISORD, [101, 102])
  advance(1_000)
  assert.deepEqual(told, [1_200])
})

test('tells a zombie, which supervisord has not taken notice of yet', (t) => {
  const { watch, advance, told, run } = start(t)
  run(101)
  watch.watch(SUPERVISORD, [101])
  run(101, { state: 'Z' })
  advance(1_000)
  assert.deepEqual(told, [200])
})

test('tells a process whose pid another one has now', (t) => {
  const { watch, advance, told, run } = start(t)
  run(101, { started: 7000 })
  watch.watch(SUPERVISORD, [101])
  run(101, { started: 7001 })
  advance(1_000)
  assert.deepEqual(told, [200])
})

test('tells a process that died before it was ever seen, once', (t) => {
  const { watch, advance, told, run } = start(t)
  run(102)
  for (let look = 0; look < 3; look++) watch.watch(SUPERVISORD, [101, 102])
  advance(1_000)
  assert.deepEqual(told, [0])
})

test('takes no process for dead that hidepid hides: supervisord has it still', (t) => {
  const { watch, advance, told, run, bear } = start(t)
  run(101)
  for (let pid = 200; pid < 220; pid++) {
    bear(101, pid)
    watch.watch(SUPERVISORD, [101, pid])
    advance(1_000)
  }
  assert.deepEqual(told, [])
})

test('tells many deaths between two readings as one', (t) => {
  const { watch, advance, told, run, end } = start(t)
  const pids = Array.from({ length: 200 }, (_, index) => 1_000 + index)
  for (const pid of pids) run(pid)
  watch.watch(SUPERVISORD, pids)
  for (const pid of pids) end(pid)
  advance(1_000)
  assert.deepEqual(told, [200])
})

test('tells a child that supervisord has not reported, once', (t) => {
  const { watch, advance, told, run, bear } = start(t)
  run(101)
  bear(101)
  watch.watch(SUPERVISORD, [101])
  advance(1_000)
  assert.deepEqual(told, [])
  bear(101, 102, 103)
  advance(1_000)
  assert.deepEqual(told, ['start'])
  bear(101, 102, 104)
  advance(1_000)
  assert.deepEqual(told, ['start', 'start'])
})

test('sees a program started where none ran', (t) => {
  const { watch, advance, told, bear } = start(t)
  bear()
  watch.watch(SUPERVISORD, [])
  bear(101)
  advance(1_000)
  assert.deepEqual(told, ['start'])
})

test('leaves a process alone that supervisord reports no more', (t) => {
  const { watch, advance, told, run, end } = start(t)
  run(101)
  watch.watch(SUPERVISORD, [101])
  watch.watch(SUPERVISORD, [])
  end(101)
  advance(1_000)
  assert.deepEqual(told, [])
})

test('sees nothing where supervisord counts its pids elsewhere', (t) => {
  const { watch, advance, told, run } = start(t)
  run(1, { parent: 0, command: 'init' })
  run(101, { parent: 1 })
  assert.equal(watch.isSeen, null)
  watch.watch(1, [101, 102])
  run(101, { parent: 1, state: 'Z' })
  advance(1_000)
  assert.deepEqual(told, [])
  assert.equal(watch.isSeen, false)
})

test('watches no stranger that has the pid of a program by chance', (t) => {
  const { watch, advance, told, run, end } = start(t)
  run(101, { parent: 1 })
  watch.watch(SUPERVISORD, [101])
  const before = told.length
  end(101)
  advance(1_000)
  assert.equal(told.length, before)
})

test('watches nothing where supervisord does not tell its own pid', (t) => {
  const { watch, advance, told, run, end } = start(t)
  run(101)
  watch.watch(null, [101])
  end(101)
  advance(1_000)
  assert.deepEqual(told, [])
})

test('reads less often where that is dear: half a percent of a core', (t) => {
  const { watch, advance, told, run, end } = start(t, 10)
  run(101)
  watch.watch(SUPERVISORD, [101])
  advance(120_000)
  for (let death = 0; death < 20; death++) {
    end(101)
    advance(200)
    run(101)
    watch.watch(SUPERVISORD, [101])
  }
  // At every second one of its pauses of two seconds it was dead.
  assert.ok(told.length <= 2, `${told.length} deaths were seen in 4 s`)
})

test('takes no program for dead that has lost its supervisord', (t) => {
  const { watch, advance, told, run, end } = start(t)
  run(101)
  watch.watch(SUPERVISORD, [101])
  end(SUPERVISORD)
  run(101, { parent: 1 })
  advance(1_000)
  assert.deepEqual(told, [])
})

test('watches no more once it is closed', (t) => {
  const { watch, advance, told, run, end } = start(t)
  run(101)
  watch.watch(SUPERVISORD, [101])
  watch.close()
  end(101)
  advance(1_000)
  assert.deepEqual(told, [])
})

test('sees a program that is started by another supervisord with the same pid', (t) => {
  const { watch, advance, told, run, end, bear } = start(t)
  bear()
  watch.watch(SUPERVISORD, [])
  advance(1_000)
  end(SUPERVISORD)
  run(SUPERVISORD, { parent: 1, command: 'supervisord', started: 8000 })
  bear()
  watch.watch(SUPERVISORD, [])
  advance(1_000)
  assert.deepEqual(told, [])
  bear(101)
  advance(1_000)
  assert.deepEqual(told, ['start'])
})

test('sees the death of a program that has the pid of one of the supervisord before', (t) => {
  const { watch, advance, told, run, end } = start(t)
  run(101)
  watch.watch(SUPERVISORD, [101])
  end(101)
  advance(1_000)
  end(SUPERVISORD)
  run(SUPERVISORD, { parent: 1, command: 'supervisord', started: 8000 })
  run(101, { started: 8001 })
  watch.watch(SUPERVISORD, [101])
  advance(1_000)
  assert.deepEqual(told, [200])
  end(101)
  advance(1_000)
  assert.deepEqual(told, [200, 2_200])
})

test('a supervisord that has just ended is not said to be none', (t) => {
  const { watch, told, run, end } = start(t)
  run(101)
  watch.watch(SUPERVISORD, [101])
  end(SUPERVISORD)
  watch.watch(SUPERVISORD, [101])
  assert.deepEqual([told, watch.isSeen], [[], true])
})

test('sees the end and the start of real processes', async (t) => {
  const script = 'sleep 1000 & sleep 1000 & read line; sleep 1000 & read line; wait'
  const parent = spawn('sh', ['-c', script, 'supervisord'], { stdio: ['pipe', 'ignore', 'ignore'] })
  const supervisorPid = parent.pid ?? 0
  t.after(() => {
    for (const pid of readChildren(supervisorPid)) process.kill(pid, 'SIGKILL')
    parent.kill('SIGKILL')
  })
  const [first = 0, second = 0] = await eventually(
    'it has two children',
    () => readChildren(supervisorPid),
    ({ length }) => length === 2,
  )
  const { watch, advance, told } = startWatch(t, '/proc')
  watch.watch(supervisorPid, [first, second])
  advance(1_000)
  assert.deepEqual(told, [])
  // The shell waits for a line, and takes no notice.
  process.kill(first)
  await eventually(
    'it is a zombie',
    () => readProcessStat(first)?.state,
    (state) => state === 'Z',
  )
  advance(1_000)
  assert.equal(told.length, 1)
  assert.equal(typeof told[0], 'number')
  parent.stdin.write('\n')
  const isNew = (pid: number) => pid !== first && pid !== second
  await eventually('it has another child', () => readChildren(supervisorPid).some(isNew))
  advance(1_000)
  assert.deepEqual(told.slice(1), ['start'])
})
