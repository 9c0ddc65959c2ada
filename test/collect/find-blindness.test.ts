import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { findBlindness } from '../../src/collect/find-blindness.ts'

interface Seen {
  readonly pid: number
  readonly parent: number
  readonly command?: string
}

/** What is found where these processes are seen and those exist too, hidden. */
function find(
  t: TestContext,
  family: { supervisorPid: number | null; pids: readonly number[] },
  { seen, hidden = [] }: { seen: readonly Seen[]; hidden?: readonly number[] },
): string | null {
  const procDir = mkdtempSync(join(tmpdir(), 'ksp-proc-'))
  t.after(() => rmSync(procDir, { recursive: true, force: true }))
  for (const { pid, parent, command = 'sh' } of seen) {
    mkdirSync(join(procDir, String(pid)))
    writeFileSync(
      join(procDir, `${pid}/stat`),
      `${pid} (${command}) S ${parent} 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 7000 1`,
    )
    writeFileSync(join(procDir, `${pid}/cmdline`), `/usr/bin/${command}\0`)
  }
  const exists = (pid: number): boolean => hidden.includes(pid) || seen.some((one) => one.pid === pid)
  return findBlindness(family, { procDir, exists })
}

const SUPERVISORD = { pid: 50, parent: 1, command: 'supervisord' }
const FAMILY = { supervisorPid: 50, pids: [101, 102] }

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
