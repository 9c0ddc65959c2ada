import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rename, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { lockName } from '../../src/lib/lock-name.ts'

describe('what a one-shot locks', () => {
  it('is the state file in its folder, whatever leads there', async (t) => {
    const root = await mkdtemp(join(tmpdir(), 'ksp-lock-'))
    t.after(() => rm(root, { recursive: true, maxRetries: 9 }))
    await mkdir(join(root, 'a'))
    const first = await lockName(join(root, 'a/state.json'))
    assert.equal(await lockName(join(root, 'a/../a/state.json')), first)
    assert.notEqual(await lockName(join(root, 'a/other.json')), first)

    await rename(join(root, 'a'), join(root, 'b'))
    await mkdir(join(root, 'a'))
    assert.notEqual(await lockName(join(root, 'a/state.json')), first, 'another folder at the same path')
    await symlink('b', join(root, 'c'))
    assert.equal(await lockName(join(root, 'c/state.json')), first)
  })

  it('is the path where there is no folder yet', async () => {
    assert.equal(await lockName('/none/state.json'), '/none/state.json')
  })
})
