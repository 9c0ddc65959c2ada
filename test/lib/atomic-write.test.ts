import assert from 'node:assert/strict'
import { chown, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { makeFolder, removeLeftovers, writeAtomically } from '../../src/lib/atomic-write.ts'

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'ksp-write-'))
  t.after(() => rm(path, { recursive: true, maxRetries: 9 }))
  return path
}

const needsRoot = { skip: process.getuid?.() !== 0 && 'needs root' }

describe('a file that is written in one step', () => {
  it('is readable by its owner alone, and nothing lies beside it', async (t) => {
    const dir = await folder(t)
    await writeAtomically(join(dir, 'file'), 'a')
    await writeAtomically(join(dir, 'file'), 'b')
    assert.equal(await readFile(join(dir, 'file'), 'utf8'), 'b')
    assert.equal((await stat(join(dir, 'file'))).mode & 0o777, 0o600)
    assert.deepEqual(await readdir(dir), ['file'])
  })

  it('has the mode and the owner that are asked for', needsRoot, async (t) => {
    const path = join(await folder(t), 'file')
    await writeAtomically(path, 'a', { mode: 0o640, owner: { uid: 65534, gid: 65533 } })
    const { uid, gid, mode } = await stat(path)
    assert.deepEqual([uid, gid, mode & 0o777], [65534, 65533, 0o640])
  })

  it('keeps the old text where the new one cannot take its place, and leaves nothing behind', async (t) => {
    const dir = await folder(t)
    await mkdir(join(dir, 'file/x'), { recursive: true })
    await assert.rejects(writeAtomically(join(dir, 'file'), 'a'))
    assert.deepEqual(await readdir(dir), ['file'])
    await assert.rejects(writeAtomically(join(dir, 'none/file'), 'a'), { code: 'ENOENT' })
  })

  it(
    'is written over what a process of the same pid left behind, and through no link',
    needsRoot,
    async (t) => {
      const dir = await folder(t)
      const target = join(dir, 'not-to-be-touched')
      await writeFile(target, 'as it was')
      await chown(target, 65534, 65534)
      await symlink(target, join(dir, `file.${process.pid}.tmp`))
      await writeAtomically(join(dir, 'file'), 'a')
      assert.equal(await readFile(join(dir, 'file'), 'utf8'), 'a')
      assert.equal(await readFile(target, 'utf8'), 'as it was')
      assert.deepEqual((await readdir(dir)).toSorted(), ['file', 'not-to-be-touched'])
    },
  )
})

describe('a folder that is made', () => {
  it('is made with those above it, for this user alone, and may be there already', async (t) => {
    const path = join(await folder(t), 'a/b')
    await makeFolder(path)
    await makeFolder(path)
    for (const one of [path, join(path, '..')]) assert.equal((await stat(one)).mode & 0o777, 0o700)
  })

  it('fails where none can be made, and does not hang', async () => {
    await assert.rejects(makeFolder('/proc/x/y'), { code: 'ENOENT' })
  })
})

it('what a killed process left behind is removed, and nothing of a living one or of another file', async (t) => {
  const own = await folder(t)
  const path = join(own, 'state.json')
  // No pid is as large as this.
  const names = [
    'state.json',
    'state.json.99999999.tmp',
    `state.json.${process.ppid}.tmp`,
    'other.99999999.tmp',
  ]
  for (const name of names) await writeFile(join(own, name), '')
  await removeLeftovers(path)
  assert.deepEqual((await readdir(own)).toSorted(), [names[3], names[0], names[2]])
  await removeLeftovers(join(own, 'none/state.json'))
})
