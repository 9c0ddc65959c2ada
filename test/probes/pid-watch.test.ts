import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { createPidWatch } from '../../src/probes/pid-watch.ts'
import { ManualClock } from '../helpers/manual-clock.ts'

const SUPERVISORD = 50

/** A `/proc` of files, with a watch over it that looks five times a second. */
function start(t: TestContext, sweepCostMs = 0) {
  const procDir = mkdtempSync(join(tmpdir(), 'ksp-proc-'))
  t.after(() => rmSync(procDir, { recursive: true, force: true }))
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
  run(SUPERVISORD, { parent: 1, command: 'supervisord' })
  return { watch, clock, told, pauses, run, end, bear, wake }
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
