import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { buildBundle, runAgent } from '../helpers/agent-process.ts'

// What V8 compiled in one `once` is used by the next.
const home = mkdtempSync(join(tmpdir(), 'ksp-home-'))
const folder = join(home, '.cache/kuma-supervisor-push')

before(buildBundle)
after(() => rmSync(home, { recursive: true, maxRetries: 9 }))

const once = async (env: Record<string, string> = { HOME: home }): Promise<string> => {
  const look = ['--dry-run', '--unit', 'none', '--supervisor-url', 'unix:///nowhere.sock']
  const { code, stdout, stderr } = await runAgent(['once', ...look], { env })
  assert.equal(code, 1, stderr)
  return stdout.replace(/^\S+ /, '')
}

/** In how many runs what is kept was compiled: the last byte. */
const runsIn = (file: string): number | undefined => readFileSync(file).at(-1)

test('is written by the first two, left alone by the next, and mended where it is broken', async () => {
  const plain = await once({})
  assert.match(plain, /socket/)
  assert.equal(await once(), plain)
  const [name = ''] = readdirSync(folder)
  const file = join(folder, name)
  const first = statSync(file)
  assert.equal(runsIn(file), 1)
  assert.ok(first.size > 100_000)
  assert.equal(first.mode & 0o777, 0o600)

  assert.equal(await once(), plain)
  const written = statSync(file)
  assert.notEqual(written.ino, first.ino)
  assert.equal(runsIn(file), 2, 'the second added to it')

  assert.equal(await once(), plain)
  assert.equal(statSync(file).ino, written.ino, 'it was taken')

  writeFileSync(file, readFileSync(file).subarray(0, 5000))
  assert.equal(await once(), plain)
  assert.ok(statSync(file).size > 100_000, 'half of one is replaced')

  writeFileSync(file, 'rubbish')
  chmodSync(file, 0o666)
  assert.equal(await once(), plain)
  assert.deepEqual(readdirSync(folder), [name])
  assert.equal(statSync(file).mode & 0o777, 0o600, 'one that others may write to is replaced')
})

test('is not written by other commands, nor with options of Node', async () => {
  rmSync(folder, { recursive: true, maxRetries: 9 })
  assert.equal((await runAgent(['--version'], { env: { HOME: home } })).code, 0)
  await once({ HOME: home, NODE_OPTIONS: '--max-semi-space-size=1' })
  assert.throws(() => readdirSync(folder), { code: 'ENOENT' })
})
