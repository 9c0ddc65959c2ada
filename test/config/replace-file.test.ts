import assert from 'node:assert/strict'
import {
  chmod,
  chown,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { replaceFile, whyNotReplaceable } from '../../src/config/replace-file.ts'
import { runCommand } from '../helpers/run-command.ts'

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'ksp-replace-'))
  t.after(() => rm(path, { recursive: true, force: true, maxRetries: 9 }))
  return path
}

const modeOf = async (path: string) => (await stat(path)).mode & 0o777

describe('replaceFile', () => {
  test('makes a file that its owner alone can read, and its folder', async (t) => {
    const path = join(await folder(t), 'new', 'config.toml')
    await replaceFile(path, 'a')
    assert.equal(await readFile(path, 'utf8'), 'a')
    assert.equal(await modeOf(path), 0o600)
  })

  const modes: [number, number][] = [
    [0o644, 0o600],
    [0o600, 0o600],
    [0o640, 0o600],
  ]
  for (const [before, after] of modes) {
    test(`turns the mode 0${before.toString(8)} of a user's file into 0${after.toString(8)}`, async (t) => {
      const path = join(await folder(t), 'config.toml')
      await writeFile(path, 'a')
      await chmod(path, before)
      await replaceFile(path, 'b')
      assert.equal(await modeOf(path), after)
    })
  }

  test(
    'keeps the owner, and the group by which a service reads a file of root',
    { skip: process.getuid?.() !== 0 },
    async (t) => {
      const path = join(await folder(t), 'config.toml')
      await writeFile(path, 'a')
      await chmod(path, 0o644)
      await chown(path, 0, 1234)
      await replaceFile(path, 'b')
      const { uid, gid, mode } = await stat(path)
      assert.deepEqual({ uid, gid, mode: mode & 0o777 }, { uid: 0, gid: 1234, mode: 0o640 })
    },
  )

  test('writes through a symbolic link, also to a file that is not there yet', async (t) => {
    const dir = await folder(t)
    await mkdir(join(dir, 'real'))
    const link = join(dir, 'config.toml')
    await symlink('real/config.toml', link)
    for (const text of ['a', 'b']) {
      await replaceFile(link, text)
      assert.ok((await lstat(link)).isSymbolicLink())
      assert.equal(await readFile(join(dir, 'real/config.toml'), 'utf8'), text)
    }
  })

  test('leaves nothing behind where it fails', async (t) => {
    const dir = await folder(t)
    await mkdir(join(dir, 'config.toml'))
    await assert.rejects(replaceFile(join(dir, 'config.toml'), 'a'))
    assert.deepEqual(await readdir(dir), ['config.toml'])
  })
})

describe('whyNotReplaceable', () => {
  test('takes a file, a missing one, and one in a missing folder', async (t) => {
    const dir = await folder(t)
    await writeFile(join(dir, 'there'), '')
    for (const name of ['there', 'missing', 'no/such/folder']) {
      assert.equal(await whyNotReplaceable(join(dir, name)), null)
    }
  })

  test('refuses a read-only file, whoever asks', async (t) => {
    const path = join(await folder(t), 'config.toml')
    await writeFile(path, '')
    await chmod(path, 0o444)
    assert.match((await whyNotReplaceable(path)) ?? '', /^is read-only \(mode 0444\): chmod u\+w it/)
  })

  test('refuses what is no file', async (t) => {
    assert.equal(await whyNotReplaceable(await folder(t)), 'is no file that can be written')
  })

  test('refuses a folder that the user cannot write to', { skip: process.getuid?.() !== 0 }, async (t) => {
    const dir = await folder(t)
    await chmod(dir, 0o755)
    const script = `import('${join(import.meta.dirname, '../../src/config/replace-file.ts')}').then(async ({ whyNotReplaceable }) => console.log(await whyNotReplaceable(process.argv[1])))`
    const command = [
      'setpriv',
      '--reuid=65534',
      '--clear-groups',
      process.execPath,
      '--import',
      'tsx',
      '-e',
      script,
    ]
    const { stdout } = await runCommand([...command, join(dir, 'config.toml')], {
      env: { PATH: process.env['PATH'] ?? '' },
    })
    assert.match(stdout, /^cannot be written: .* cannot be written to; run this as root/)
  })
})
