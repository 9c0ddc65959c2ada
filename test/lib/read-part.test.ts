import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { codeOf } from '../../src/lib/errors.ts'
import { NotWhole, readPart } from '../../src/lib/read-part.ts'
import { runCommand } from '../helpers/run-command.ts'

const folder = mkdtempSync(join(tmpdir(), 'ksp-part-'))
after(() => rmSync(folder, { recursive: true }))
const path = join(folder, 'part')
writeFileSync(path, 'abc')

test('reads a file of the size that was built', () => {
  assert.equal(readPart(path, 3).toString(), 'abc')
})

for (const [how, read, why] of [
  ['is missing', () => readPart(`${path}-not`, 3), `${path}-not cannot be read (ENOENT)`],
  ['is cut short', () => readPart(path, 4), `${path} has 3 bytes instead of 4`],
] as const) {
  test(`a file that ${how} is told by its path, with the way out and without a system's code`, () => {
    assert.throws(read, (error) => {
      assert.ok(error instanceof NotWhole)
      assert.equal(codeOf(error), null)
      assert.equal(
        error.message,
        `the agent is not installed whole: ${why}: install it again, with all of dist/`,
      )
      return true
    })
  })
}

test('a lack of file descriptors stays what it is', async () => {
  const module = JSON.stringify(join(import.meta.dirname, '../../src/lib/read-part.ts'))
  // Loaded first, then left without a descriptor to be had.
  const script = `
    const { readPart } = await import(${module})
    const { openSync } = await import('node:fs')
    try { for (;;) openSync('/dev/null') } catch {}
    let code = null
    try { readPart('/dev/null', 0) } catch (error) { code = error.code }
    process._rawDebug(code)`
  const node = [process.execPath, '--import', 'tsx', '--input-type=module', '-e', script]
  const { stderr } = await runCommand(['prlimit', '--nofile=64', ...node])
  assert.match(stderr, /^EMFILE$/m)
})
