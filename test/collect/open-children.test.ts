import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { openChildren } from '../../src/collect/open-children.ts'

/** A `/proc` with one process, which has these children. */
function start(t: TestContext, before: readonly number[]) {
  const procDir = mkdtempSync(join(tmpdir(), 'ksp-proc-'))
  t.after(() => rmSync(procDir, { recursive: true, force: true }))
  mkdirSync(join(procDir, '50/task/50'), { recursive: true })
  const bear = (pids: readonly number[]): void =>
    writeFileSync(join(procDir, '50/task/50/children'), pids.map((pid) => `${pid} `).join(''))
  bear(before)
  const children = openChildren(50, procDir)
  t.after(() => children.close())
  return { children, bear }
}

test('are the very same object as long as they are the same', (t) => {
  const { children, bear } = start(t, [101, 102])
  const first = children.pids()
  bear([101, 102])
  assert.equal(children.pids(), first)
  bear([101, 103])
  assert.deepEqual(
    [first, children.pids()],
    [
      [101, 102],
      [101, 103],
    ],
  )
})

test('are all read, however many there are', (t) => {
  for (const count of [0, 1, 400, 1_000, 5_000]) {
    const pids = Array.from({ length: count }, (_, at) => 1_000_000 + at)
    assert.deepEqual(start(t, pids).children.pids(), pids)
  }
})

test('are none where the process is gone', (t) => {
  const children = openChildren(2 ** 30)
  t.after(() => children.close())
  assert.deepEqual(children.pids(), [])
})
