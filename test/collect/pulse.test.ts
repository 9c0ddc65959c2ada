import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'
import { keepFile } from '../../src/collect/kept-file.ts'
import { openChildren } from '../../src/collect/open-children.ts'
import { readProcessStat } from '../../src/collect/process-stat.ts'
import { takePulse } from '../../src/collect/pulse.ts'
import { eventually } from '../helpers/eventually.ts'

/** Two processes: the one waits and takes no notice of the other's end, its child's, so that this stays as a zombie. */
async function start(t: TestContext) {
  const parent = spawn('sh', ['-c', 'sleep 1000 & exec sleep 1000'], { stdio: 'ignore' })
  const children = openChildren(parent.pid ?? 0)
  t.after(() => children.close())
  const [child = 0] = await eventually(
    'it has a child',
    () => children.pids(),
    ({ length }) => length > 0,
  )
  t.after(() => parent.kill('SIGKILL'))
  return { parent, pid: parent.pid ?? 0, child }
}

/** Opens so many files that no more are kept. */
function openAll(t: TestContext): void {
  for (;;) {
    const file = keepFile('/proc/self/stat')
    if (file === null) return
    t.after(() => file.close())
  }
}

function takePulseOf(t: TestContext, pid: number, started = readProcessStat(pid)?.started ?? '') {
  const pulse = takePulse(pid, started)
  t.after(() => pulse.close())
  return pulse
}

for (const way of ['by a file that is kept open', 'where no more files are kept']) {
  test(`is that of a process as long as it lives, ${way}`, async (t) => {
    const { parent, pid, child } = await start(t)
    if (way.startsWith('where')) openAll(t)
    const pulses = [takePulseOf(t, pid), takePulseOf(t, child)]
    const beating = () => pulses.map((pulse) => pulse.isBeating())
    assert.deepEqual(beating(), [true, true])
    process.kill(child)
    await eventually(
      'it is a zombie',
      () => readProcessStat(child)?.state,
      (state) => state === 'Z',
    )
    assert.deepEqual(beating(), [true, false])
    parent.kill()
    await once(parent, 'exit')
    assert.deepEqual(beating(), [false, false])
  })
}

test('is none of another process that has the pid now', (t) => {
  openAll(t)
  assert.equal(takePulseOf(t, process.pid, '1').isBeating(), false)
})
