import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, rename, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { lockName, takeLock } from '../../src/lib/lock.ts'

describe('the lock of a one-shot', () => {
  it('is held until released', async () => {
    const name = randomUUID()
    const release = await takeLock(name)
    assert.equal(await takeLock(name), null)
    await release?.()
    const again = await takeLock(name)
    assert.ok(again)
    await again()
  })

  it('goes to one of many that want it at the same time', async () => {
    const name = randomUUID()
    const locks = await Promise.all(Array.from({ length: 20 }, () => takeLock(name)))
    assert.equal(locks.filter((release) => release !== null).length, 1)
    for (const release of locks) await release?.()
  })

  it('is one for each name', async () => {
    const locks = await Promise.all([takeLock(randomUUID()), takeLock(randomUUID())])
    for (const release of locks) {
      assert.ok(release)
      await release()
    }
  })

  it('may have a name of any length', async () => {
    const name = randomUUID()
    for (const length of [86, 87, 88, 5000]) {
      const long = name + '/ö'.repeat((length - name.length) / 2)
      const [release, other] = await Promise.all([takeLock(long), takeLock(`${long}ä`)])
      assert.equal(await takeLock(long), null)
      assert.ok(other)
      await release?.()
      await other()
    }
  })

  it('does not outlive a holder that was killed', async () => {
    const name = randomUUID()
    const module = new URL('../../src/lib/lock.ts', import.meta.url).href
    const script = `import { takeLock } from ${JSON.stringify(module)}
      if (await takeLock(${JSON.stringify(name)}) !== null) console.log('held')
      setInterval(() => {}, 1000)`
    const holder = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script])
    await once(holder.stdout, 'data')
    assert.equal(await takeLock(name), null)
    holder.kill('SIGKILL')
    await once(holder, 'exit')
    const release = await takeLock(name)
    assert.ok(release)
    await release()
  })
})

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
    assert.equal(await lockName('/proc/none/state.json'), '/proc/none/state.json')
  })
})
