import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { realFiles } from '../../src/config/real-files.ts'
import { readTextFile } from '../../src/config/text-file.ts'

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
    const room = join(import.meta.dirname, '../../src/config')
    // Root may read everything, so root becomes somebody else, once everything is loaded.
    const script = `
      import { realFiles } from '${room}/real-files.ts'
      import { readTextFile } from '${room}/text-file.ts'
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
      { encoding: 'utf8', cwd: room },
    )
    assert.equal(stdout, 'EACCES false\n', stderr)
  })
})
