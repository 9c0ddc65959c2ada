import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
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
import { after, before, describe, test, type TestContext } from 'node:test'
import { readTextFile, realFiles, replaceConfigFile, whyNotReplaceable } from '../../src/config/files.ts'
import { runCommand } from '../helpers/run-command.ts'

async function causeOf(path: string, maxBytes = 100): Promise<string> {
  const reading = await readTextFile(realFiles, path, maxBytes)
  return reading.kind === 'failed' ? `${reading.code} ${reading.cause}` : reading.text
}

describe('realFiles', () => {
  let folder = ''
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'ksp-files-'))
  })
  after(() => rmSync(folder, { recursive: true, maxRetries: 9 }))

  test('reads text with its mode and owner', async () => {
    const path = join(folder, 'a')
    writeFileSync(path, '\uFEFFzwölf\n')
    chmodSync(path, 0o640)
    const reading = await readTextFile(realFiles, path, 100)
    assert.ok(reading.kind === 'text')
    assert.equal(reading.text, 'zwölf\n')
    assert.equal(reading.file.mode, 0o640)
    assert.equal(reading.file.uid, process.getuid?.())
  })

  test('reads an empty file and a device', async () => {
    const path = join(folder, 'empty')
    writeFileSync(path, '')
    assert.equal(await causeOf(path), '')
    assert.equal(await causeOf('/dev/null'), '')
  })

  test('takes a file of the greatest size and nothing more, however long it is', async () => {
    const path = join(folder, 'big')
    writeFileSync(path, 'x'.repeat(2048))
    assert.equal((await causeOf(path, 2048)).length, 2048)
    assert.equal(await causeOf(path, 1024), 'EFBIG is larger than 1 KiB')
    assert.equal(await causeOf('/dev/zero', 1024), 'EFBIG is larger than 1 KiB')
  })

  test('says why a path has no text', async () => {
    writeFileSync(join(folder, 'file'), 'x')
    writeFileSync(join(folder, 'bad'), Buffer.from([0x61, 0x0a, 0x62, 0xff, 0x0a]))
    mkdirSync(join(folder, 'folder'))
    execFileSync('ln', ['-s', 'loop', join(folder, 'loop')])
    assert.equal(await causeOf(join(folder, 'none')), 'ENOENT does not exist')
    assert.equal(await causeOf(join(folder, 'folder')), 'EISDIR is a folder, not a file')
    assert.match(await causeOf(join(folder, 'file/x')), /^ENOTDIR does not exist: a part of its path/)
    assert.match(await causeOf(join(folder, 'loop')), /^ELOOP /)
    assert.match(await causeOf(`/${'x'.repeat(300)}`), /^ENAMETOOLONG /)
    assert.equal(await causeOf(join(folder, 'bad')), 'EILSEQ is not UTF-8 text in line 2; save it as UTF-8')
    assert.match(await causeOf('/a\0b'), /^ERR_INVALID_ARG_VALUE /)
  })

  test('knows where it may write, for a folder that is there or is to be made', async () => {
    assert.equal(await realFiles.canWriteIn(folder), true)
    assert.equal(await realFiles.canWriteIn(join(folder, 'not/yet/there')), true)
    assert.equal(await realFiles.canWriteIn('/proc/sys/none'), false)
    writeFileSync(join(folder, 'plain'), '')
    assert.equal(await realFiles.canWriteIn(join(folder, 'plain/x')), false)
  })

  test('is refused what belongs to others', () => {
    const path = join(folder, 'closed')
    writeFileSync(path, 'x')
    chmodSync(path, 0o000)
    mkdirSync(join(folder, 'sealed'))
    chmodSync(join(folder, 'sealed'), 0o555)
    chmodSync(folder, 0o755)
    const folderOfSources = join(import.meta.dirname, '../../src/config')
    // Root may read everything, so root becomes somebody else, once everything is loaded.
    const script = `
      import { readTextFile, realFiles } from '${folderOfSources}/files.ts'
      if (process.getuid() === 0) {
        process.setgroups([])
        process.setgid(65534)
        process.setuid(65534)
      }
      const { code } = await readTextFile(realFiles, ${JSON.stringify(path)}, 100)
      console.log(code, await realFiles.canWriteIn(${JSON.stringify(join(folder, 'sealed/x'))}))
    `
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '--eval', script],
      { encoding: 'utf8', cwd: folderOfSources },
    )
    assert.equal(stdout, 'EACCES false\n', stderr)
  })
})

async function makeFolder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'ksp-replace-'))
  t.after(() => rm(path, { recursive: true, force: true, maxRetries: 9 }))
  return path
}

const modeOf = async (path: string) => (await stat(path)).mode & 0o777

describe('replaceConfigFile', () => {
  test('makes a file that its owner alone can read, and its folder', async (t) => {
    const path = join(await makeFolder(t), 'new', 'config.toml')
    await replaceConfigFile(path, 'a')
    assert.equal(await readFile(path, 'utf8'), 'a')
    assert.equal(await modeOf(path), 0o600)
  })

  const modes: [number, number][] = [
    [0o644, 0o600],
    [0o600, 0o600],
    [0o640, 0o600],
  ]
  for (const [first, then] of modes) {
    test(`turns the mode 0${first.toString(8)} of a user's file into 0${then.toString(8)}`, async (t) => {
      const path = join(await makeFolder(t), 'config.toml')
      await writeFile(path, 'a')
      await chmod(path, first)
      await replaceConfigFile(path, 'b')
      assert.equal(await modeOf(path), then)
    })
  }

  test(
    'keeps the owner, and the group by which a service reads a file of root',
    { skip: process.getuid?.() !== 0 },
    async (t) => {
      const path = join(await makeFolder(t), 'config.toml')
      await writeFile(path, 'a')
      await chmod(path, 0o644)
      await chown(path, 0, 1234)
      await replaceConfigFile(path, 'b')
      const { uid, gid, mode } = await stat(path)
      assert.deepEqual({ uid, gid, mode: mode & 0o777 }, { uid: 0, gid: 1234, mode: 0o640 })
    },
  )

  test('writes through a symbolic link, also to a file that is not there yet', async (t) => {
    const dir = await makeFolder(t)
    await mkdir(join(dir, 'real'))
    const link = join(dir, 'config.toml')
    await symlink('real/config.toml', link)
    for (const text of ['a', 'b']) {
      await replaceConfigFile(link, text)
      assert.ok((await lstat(link)).isSymbolicLink())
      assert.equal(await readFile(join(dir, 'real/config.toml'), 'utf8'), text)
    }
  })

  test('leaves nothing behind where it fails', async (t) => {
    const dir = await makeFolder(t)
    await mkdir(join(dir, 'config.toml'))
    await assert.rejects(replaceConfigFile(join(dir, 'config.toml'), 'a'))
    assert.deepEqual(await readdir(dir), ['config.toml'])
  })
})

describe('whyNotReplaceable', () => {
  test('takes a file, a missing one, and one in a missing folder', async (t) => {
    const dir = await makeFolder(t)
    await writeFile(join(dir, 'there'), '')
    for (const name of ['there', 'missing', 'no/such/folder']) {
      assert.equal(await whyNotReplaceable(join(dir, name)), null)
    }
  })

  test('refuses a read-only file, whoever asks', async (t) => {
    const path = join(await makeFolder(t), 'config.toml')
    await writeFile(path, '')
    await chmod(path, 0o444)
    assert.match((await whyNotReplaceable(path)) ?? '', /^is read-only \(mode 0444\): chmod u\+w it/)
  })

  test('refuses what is no file', async (t) => {
    assert.equal(await whyNotReplaceable(await makeFolder(t)), 'is no file that can be written')
  })

  test('refuses a folder that the user cannot write to', { skip: process.getuid?.() !== 0 }, async (t) => {
    const dir = await makeFolder(t)
    await chmod(dir, 0o755)
    const script = `import('${join(import.meta.dirname, '../../src/config/files.ts')}').then(async ({ whyNotReplaceable }) => console.log(await whyNotReplaceable(process.argv[1])))`
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
