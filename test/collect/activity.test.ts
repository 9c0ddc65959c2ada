import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { watchActivity } from '../../src/collect/activity.ts'
import { openChildren } from '../../src/collect/open-children.ts'
import { eventually } from '../helpers/eventually.ts'

test('a process that waits has not run until a child of its ends', async (t) => {
  const parent = spawn('sh', ['-c', 'sleep 1000 & wait; exec sleep 1000'], { stdio: 'ignore' })
  t.after(() => parent.kill('SIGKILL'))
  const children = openChildren(parent.pid ?? 0)
  const activity = watchActivity(parent.pid ?? 0)
  t.after(() => {
    children.close()
    activity.close()
  })
  const [child = 0] = await eventually(
    'it has a child',
    () => children.pids(),
    ({ length }) => length > 0,
  )
  await eventually('it waits', () => !activity.hasRun())
  assert.equal(activity.hasRun(), false)
  process.kill(child)
  await eventually('it has run', () => activity.hasRun())
})

for (const [what, text] of [
  ['the kernel does not count', '0 0 0\n'],
  ['there is nothing to be read', null],
] as const) {
  test(`a process may always have run where ${what}`, (t) => {
    const procDir = mkdtempSync(join(tmpdir(), 'ksp-proc-'))
    t.after(() => rmSync(procDir, { recursive: true, force: true }))
    mkdirSync(join(procDir, '50'))
    if (text !== null) writeFileSync(join(procDir, '50/schedstat'), text)
    const activity = watchActivity(50, procDir)
    t.after(() => activity.close())
    assert.deepEqual([activity.hasRun(), activity.hasRun()], [true, true])
  })
}
