import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { openChildren } from '../../src/collect/open-children.ts'
import { createPidWatch } from '../../src/collect/pid-watch.ts'
import { readProcessStat } from '../../src/collect/process-stat.ts'
import { eventually } from '../helpers/eventually.ts'
import { ManualClock } from '../helpers/manual-clock.ts'

const SUPERVISORD = 50

/** A watch that looks five times a second, and what it tells. */
function startWatch(t: TestContext, procDir: string, sweepCostMs = 0) {
  const clock = new ManualClock()
  const startMs = clock.now()
  const told: (number | 'born' | 'blind')[] = []
  const pauses: number[] = []
  let cpuMs = 0
  const watch = createPidWatch({
    onDeath: () => void told.push(clock.now() - startMs),
    onBirth: () => void told.push('born'),
    onBlind: () => void told.push('blind'),
    repeat: (ms, task) => {
      pauses.push(Math.round(ms))
      return clock.repeat(ms, task)
    },
    cpuMs: () => (cpuMs += sweepCostMs),
    procDir,
  })
  t.after(() => watch.close())
  return { watch, clock, told, pauses }
}

/** A `/proc` of files, with a watch over it. */
function start(t: TestContext, sweepCostMs = 0) {
  const procDir = mkdtempSync(join(tmpdir(), 'ksp-proc-'))
  t.after(() => rmSync(procDir, { recursive: true, force: true }))
  const run = (pid: number, { parent = SUPERVISORD, state = 'S', started = 7000, command = 'sh' } = {}) => {
    end(pid)
    mkdirSync(join(procDir, String(pid)))
    const more = `${pid} ${pid} 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 ${started} 1 2 3`
    writeFileSync(join(procDir, `${pid}/stat`), `${pid} (a ) R ${command}) ${state} ${parent} ${more}\n`)
    writeFileSync(join(procDir, `${pid}/cmdline`), `/usr/bin/${command}\0-n\0`)
    writeFileSync(join(procDir, `${pid}/statm`), state === 'Z' ? '0 0 0 0 0 0 0\n' : '612 145 102 5 0 88 0\n')
  }
  /** Whoever has a file of it open finds nothing there, as with a process that is gone. */
  const end = (pid: number) => {
    const statm = join(procDir, `${pid}/statm`)
    if (existsSync(statm)) truncateSync(statm)
    rmSync(join(procDir, String(pid)), { recursive: true, force: true })
  }
  const bear = (...pids: number[]) => {
    mkdirSync(join(procDir, `${SUPERVISORD}/task/${SUPERVISORD}`), { recursive: true })
    writeFileSync(join(procDir, `${SUPERVISORD}/task/${SUPERVISORD}/children`), `${pids.join(' ')} `)
  }
  let times = 0
  /** supervisord has a processor for a moment; before the first time it is not known when it has. */
  const wake = () => {
    times += 1
    writeFileSync(join(procDir, `${SUPERVISORD}/schedstat`), `${times * 1000} 500 ${times}\n`)
  }
  /** The names of the files in it that this process has open, ended processes' ones too. */
  const opened = () =>
    readdirSync('/proc/self/fd')
      .map(targetOf)
      .filter((target) => target.startsWith(procDir))
      .map((target) => target.slice(procDir.length + 1))
      .toSorted()
  run(SUPERVISORD, { parent: 1, command: 'supervisord' })
  return { ...startWatch(t, procDir, sweepCostMs), run, end, bear, wake, opened }
}

/** Of a descriptor of this process; none of the one by which they were listed. */
function targetOf(descriptor: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`)
  } catch {
    return ''
  }
}

test('tells a process that is gone, once, at the next look', async (t) => {
  const { watch, clock, told, run, end } = start(t)
  run(101)
  run(102)
  watch.follow(SUPERVISORD, [101, 102])
  await clock.advance(1_000)
  end(101)
  await clock.advance(1_000)
  watch.follow(SUPERVISORD, [101, 102])
  await clock.advance(1_000)
  assert.deepEqual(told, [1_200])
})

test('tells a zombie, which supervisord has not taken notice of yet', async (t) => {
  const { watch, clock, told, run } = start(t)
  run(101)
  watch.follow(SUPERVISORD, [101])
  run(101, { state: 'Z' })
  await clock.advance(1_000)
  assert.deepEqual(told, [200])
})

test('tells a process whose pid another one has now', async (t) => {
  const { watch, clock, told, run } = start(t)
  run(101, { started: 7000 })
  watch.follow(SUPERVISORD, [101])
  run(101, { started: 7001 })
  await clock.advance(1_000)
  assert.deepEqual(told, [200])
})

test('tells a process that died before it was ever seen, once', async (t) => {
  const { watch, clock, told, run } = start(t)
  run(102)
  for (let look = 0; look < 3; look++) watch.follow(SUPERVISORD, [101, 102])
  await clock.advance(1_000)
  assert.deepEqual(told, [0])
})

test('takes no process for dead that hidepid hides: supervisord has it still', async (t) => {
  const { watch, clock, told, run, bear } = start(t)
  run(101)
  for (let pid = 200; pid < 220; pid++) {
    bear(101, pid)
    watch.follow(SUPERVISORD, [101, pid])
    await clock.advance(1_000)
  }
  assert.deepEqual(told, [])
})

test('tells many deaths between two looks as one', async (t) => {
  const { watch, clock, told, run, end } = start(t)
  const pids = Array.from({ length: 200 }, (_, index) => 1_000 + index)
  for (const pid of pids) run(pid)
  watch.follow(SUPERVISORD, pids)
  for (const pid of pids) end(pid)
  await clock.advance(1_000)
  assert.deepEqual(told, [200])
})

test('tells a child that supervisord has not reported, once', async (t) => {
  const { watch, clock, told, run, bear } = start(t)
  run(101)
  bear(101)
  watch.follow(SUPERVISORD, [101])
  await clock.advance(1_000)
  assert.deepEqual(told, [])
  bear(101, 102, 103)
  await clock.advance(1_000)
  assert.deepEqual(told, ['born'])
  bear(101, 102, 104)
  await clock.advance(1_000)
  assert.deepEqual(told, ['born', 'born'])
})

test('sees a program started where none ran', async (t) => {
  const { watch, clock, told, bear } = start(t)
  bear()
  watch.follow(SUPERVISORD, [])
  bear(101)
  await clock.advance(1_000)
  assert.deepEqual(told, ['born'])
})

test('leaves a process alone that supervisord reports no more', async (t) => {
  const { watch, clock, told, run, end } = start(t)
  run(101)
  watch.follow(SUPERVISORD, [101])
  watch.follow(SUPERVISORD, [])
  end(101)
  await clock.advance(1_000)
  assert.deepEqual(told, [])
})

test('is blind, and says so once, where supervisord counts its pids elsewhere', async (t) => {
  const { watch, clock, told, run } = start(t)
  run(1, { parent: 0, command: 'init' })
  run(101, { parent: 1 })
  assert.equal(watch.isBlind, false)
  for (let look = 0; look < 3; look++) watch.follow(1, [101, 102])
  run(101, { parent: 1, state: 'Z' })
  await clock.advance(1_000)
  assert.deepEqual(told, ['blind'])
  assert.equal(watch.isBlind, true)
})

test('watches no stranger that has the pid of a program by chance', async (t) => {
  const { watch, clock, told, run, end } = start(t)
  run(101, { parent: 1 })
  watch.follow(SUPERVISORD, [101])
  const before = told.length
  end(101)
  await clock.advance(1_000)
  assert.equal(told.length, before)
})

test('watches nothing where supervisord does not tell its own pid', async (t) => {
  const { watch, clock, told, run, end } = start(t)
  run(101)
  watch.follow(null, [101])
  end(101)
  await clock.advance(1_000)
  assert.deepEqual(told, [])
})

test('looks less often where a look is dear: half a percent of a core', async (t) => {
  const { watch, clock, pauses, run } = start(t, 10)
  run(101)
  watch.follow(SUPERVISORD, [101])
  await clock.advance(120_000)
  assert.deepEqual([pauses[0], pauses.at(-1)], [200, 2_000])
})

test('sees a death and a birth at the next look where supervisord has run for them', async (t) => {
  const { watch, clock, told, run, end, bear, wake } = start(t)
  wake()
  run(101)
  bear(101)
  watch.follow(SUPERVISORD, [101])
  await clock.advance(200)
  bear(101, 102)
  wake()
  await clock.advance(200)
  end(101)
  wake()
  await clock.advance(200)
  assert.deepEqual(told, ['born', 600])
})

test('looks at least once a second where supervisord does not run', async (t) => {
  const { watch, clock, told, run, end, wake } = start(t)
  wake()
  run(101)
  watch.follow(SUPERVISORD, [101])
  await clock.advance(200)
  end(101)
  await clock.advance(800)
  assert.deepEqual(told, [])
  await clock.advance(200)
  assert.deepEqual(told, [1_200])
})

test('looks at the next time at what it is told to follow, whether supervisord has run or not', async (t) => {
  const { watch, clock, told, run, bear, wake } = start(t)
  wake()
  run(101)
  bear(101)
  watch.follow(SUPERVISORD, [101])
  await clock.advance(200)
  watch.follow(SUPERVISORD, [])
  await clock.advance(200)
  assert.deepEqual(told, ['born'])
})

test('looks when it is told to, and then not before its time', async (t) => {
  const { watch, clock, told, run, end } = start(t)
  run(101)
  run(102)
  watch.follow(SUPERVISORD, [101, 102])
  await clock.advance(150)
  end(101)
  watch.look()
  end(102)
  await clock.advance(1_000)
  assert.deepEqual(told, [150, 350])
})

test('watches no more once it is closed', async (t) => {
  const { watch, clock, told, run, end } = start(t)
  run(101)
  watch.follow(SUPERVISORD, [101])
  watch.close()
  end(101)
  await clock.advance(1_000)
  assert.deepEqual(told, [])
})

test('sees a program that is started by another supervisord with the same pid', async (t) => {
  const { watch, clock, told, run, end, bear, wake } = start(t)
  bear()
  wake()
  watch.follow(SUPERVISORD, [])
  await clock.advance(1_000)
  end(SUPERVISORD)
  run(SUPERVISORD, { parent: 1, command: 'supervisord', started: 8000 })
  bear()
  wake()
  watch.follow(SUPERVISORD, [])
  await clock.advance(1_000)
  assert.deepEqual(told, [])
  bear(101)
  wake()
  await clock.advance(1_000)
  assert.deepEqual(told, ['born'])
})

test('sees the death of a program that has the pid of one of the supervisord before', async (t) => {
  const { watch, clock, told, run, end } = start(t)
  run(101)
  watch.follow(SUPERVISORD, [101])
  end(101)
  await clock.advance(1_000)
  end(SUPERVISORD)
  run(SUPERVISORD, { parent: 1, command: 'supervisord', started: 8000 })
  run(101, { started: 8001 })
  watch.follow(SUPERVISORD, [101])
  await clock.advance(1_000)
  assert.deepEqual(told, [200])
  end(101)
  await clock.advance(1_000)
  assert.deepEqual(told, [200, 2_200])
})

test('a supervisord that has just ended is not said to be none', async (t) => {
  const { watch, told, run, end } = start(t)
  run(101)
  watch.follow(SUPERVISORD, [101])
  end(SUPERVISORD)
  watch.follow(SUPERVISORD, [101])
  assert.deepEqual([told, watch.isBlind], [[], false])
})

test('keeps one file of a process open that is reported twice, and none in the end', (t) => {
  const { watch, run, bear, wake, opened } = start(t)
  bear(101)
  wake()
  run(101)
  for (let look = 0; look < 3; look++) watch.follow(SUPERVISORD, [101, 101])
  assert.deepEqual(opened(), ['101/statm', `${SUPERVISORD}/schedstat`, `${SUPERVISORD}/task/50/children`])
  watch.close()
  assert.deepEqual(opened(), [])
})

test('sees the death and the birth of real processes', async (t) => {
  const script = 'sleep 1000 & sleep 1000 & read line; sleep 1000 & read line; wait'
  const parent = spawn('sh', ['-c', script, 'supervisord'], { stdio: ['pipe', 'ignore', 'ignore'] })
  const supervisorPid = parent.pid ?? 0
  const children = openChildren(supervisorPid)
  t.after(() => {
    for (const pid of children.pids()) process.kill(pid, 'SIGKILL')
    children.close()
    parent.kill('SIGKILL')
  })
  const [first = 0, second = 0] = await eventually(
    'it has two children',
    () => children.pids(),
    ({ length }) => length === 2,
  )
  const { watch, clock, told } = startWatch(t, '/proc')
  watch.follow(supervisorPid, [first, second])
  await clock.advance(1_000)
  assert.deepEqual(told, [])
  // The shell waits for a line, and takes no notice.
  process.kill(first)
  await eventually(
    'it is a zombie',
    () => readProcessStat(first)?.state,
    (state) => state === 'Z',
  )
  await clock.advance(1_000)
  assert.equal(told.length, 1)
  assert.equal(typeof told[0], 'number')
  parent.stdin.write('\n')
  const isNew = (pid: number) => pid !== first && pid !== second
  await eventually('it has another child', () => children.pids().some(isNew))
  await clock.advance(1_000)
  assert.deepEqual(told.slice(1), ['born'])
})
