import assert from 'node:assert/strict'
import { existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { CrashNote, crashNotePath, writeCrashNote } from '../../src/agent/crash-note.ts'
import { temporaryFolder } from '../helpers/fake-bus.ts'

test('keeps why the agent ended until it is removed, for its owner alone', async (t) => {
  const path = crashNotePath(join(temporaryFolder(t), 'state.json'))
  assert.equal(await CrashNote.read(path), null)
  for (const error of ['y is not a function', 'x is not\na function']) writeCrashNote(path, error)
  assert.equal(statSync(path).mode & 0o777, 0o600)
  const note = (await CrashNote.read(path)) ?? assert.fail()
  assert.equal(
    note.appendTo('1 of 1 running'),
    '1 of 1 running · restarted after an internal error: x is not a function',
  )
  await note.remove()
  assert.equal(existsSync(path), false)
})

test('fits into a message, which names the error however long the verdict is', async (t) => {
  const path = join(temporaryFolder(t), 'note')
  writeCrashNote(path, 'e'.repeat(10_000))
  const message = (await CrashNote.read(path))?.appendTo('v'.repeat(250)) ?? assert.fail()
  assert.equal(message.length, 250)
  assert.match(message, /^v{100,}… · restarted after an internal error: e{70,}…$/)
})

test('is written through no link, and never throws', (t) => {
  const folder = temporaryFolder(t)
  const [path, target] = [join(folder, 'note'), join(folder, 'target')]
  writeFileSync(target, 'as it was')
  symlinkSync(target, path)
  writeCrashNote(path, 'oops')
  assert.equal(readFileSync(target, 'utf8'), 'as it was')
  assert.equal(readFileSync(path, 'utf8'), 'oops\n')
  writeCrashNote('/proc/none/note', 'oops')
})

test('is none where something else lies in its place', async (t) => {
  const folder = temporaryFolder(t)
  const [link, pipe, empty] = [join(folder, 'link'), join(folder, 'pipe'), join(folder, 'empty')]
  symlinkSync('/etc/hostname', link)
  spawnSync('sh', ['-c', 'mkfifo "$0"', pipe])
  writeFileSync(empty, '\n')
  for (const path of [link, pipe, empty, folder]) assert.equal(await CrashNote.read(path), null, path)
})
