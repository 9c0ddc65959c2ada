import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs' // prettier-ignore
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { openCodeCache } from '../../src/launcher/code-cache.ts'

const UID = process.geteuid?.() ?? 0
const CODE = Buffer.from('code')
const KEPT = { code: CODE, runs: 1 }

function makeHome(t: TestContext) {
  const home = mkdtempSync(join(tmpdir(), 'ksp-cache-'))
  t.after(() => rmSync(home, { recursive: true, maxRetries: 9 }))
  const source = join(home, 'agent.cjs')
  writeFileSync(source, 'source')
  const folder = join(home, '.cache/kuma-supervisor-push')
  const open = (uid = UID, env: Record<string, string> = { HOME: home }) =>
    openCodeCache({ source, env, uid })
  const file = (): string => join(folder, readdirSync(folder)[0] ?? '')
  return { home, source, folder, open, file }
}

test('gives what an earlier run has kept', (t) => {
  const { open, folder } = makeHome(t)
  assert.equal(open()?.read(), null)
  open()?.write({ code: Buffer.from('older'), runs: 1 })
  open()?.write(KEPT)
  assert.deepEqual(open()?.read(), KEPT)
  assert.equal(readdirSync(folder).length, 1)
})

test('gives code of any length, and in how many runs it was compiled', (t) => {
  const { open } = makeHome(t)
  for (const length of [65_535, 65_536, 200_000]) {
    const kept = { code: Buffer.alloc(length, 'kept code'), runs: 2 }
    open()?.write(kept)
    assert.deepEqual(open()?.read(), kept, `${length} bytes`)
  }
})

test('is of no use when a single bit of it has changed, or its end is missing', (t) => {
  const { open, file } = makeHome(t)
  open()?.write(KEPT)
  const whole = readFileSync(file())
  for (let bit = 0; bit < whole.length * 8; bit++) {
    const damaged = Buffer.from(whole)
    damaged.writeUInt8(damaged.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
    writeFileSync(file(), damaged)
    assert.equal(open()?.read(), null, `bit ${bit}`)
  }
  for (let length = 0; length < whole.length; length++) {
    writeFileSync(file(), whole.subarray(0, length))
    assert.equal(open()?.read(), null, `${length} bytes`)
  }
  writeFileSync(file(), whole)
  assert.deepEqual(open()?.read(), KEPT)
})

test('is of no use when it is larger than any that was written, and replaced then', (t) => {
  const { open, file } = makeHome(t)
  open()?.write(KEPT)
  // Nothing but a hole, which takes no room.
  truncateSync(file(), 3 * 1024 ** 3)
  assert.equal(open()?.read(), null)
  open()?.write(KEPT)
  assert.deepEqual(open()?.read(), KEPT)
})

test('is kept in XDG_CACHE_HOME where that is set', (t) => {
  const { open, home } = makeHome(t)
  open(UID, { HOME: '/nowhere', XDG_CACHE_HOME: home })?.write(KEPT)
  assert.equal(readdirSync(join(home, 'kuma-supervisor-push')).length, 1)
})

test('is of no use for a file that was replaced by one of the same length and age', (t) => {
  const { open, source, home } = makeHome(t)
  utimesSync(source, 1000, 1000)
  open()?.write(KEPT)
  writeFileSync(join(home, 'new'), 'SOURCE')
  utimesSync(join(home, 'new'), 1000, 1000)
  renameSync(join(home, 'new'), source)
  assert.equal(open()?.read(), null)
})

test('nothing is kept or trusted in the home of another user', (t) => {
  const { open, folder } = makeHome(t)
  open()?.write(KEPT)
  assert.equal(open(UID + 1), null)
  assert.equal(readdirSync(folder).length, 1)
})

test('nothing is kept or trusted where there is no home', (t) => {
  const { open, source, home } = makeHome(t)
  assert.equal(open(UID, {}), null)
  assert.equal(open(UID, { HOME: join(home, 'missing') }), null)
  assert.equal(open(UID, { HOME: '.' }), null)
  assert.equal(open(UID, { HOME: source })?.read() ?? null, null)
})

for (const mode of [0o770, 0o702]) {
  test(`nothing is trusted that others may write to: ${mode.toString(8)}`, (t) => {
    const { open, home, folder, file } = makeHome(t)
    open()?.write(KEPT)
    for (const path of [home, folder, file()]) {
      chmodSync(path, mode)
      assert.equal(open()?.read() ?? null, null, path)
      chmodSync(path, 0o700)
      assert.deepEqual(open()?.read(), KEPT)
    }
  })
}

test('nothing is written into a folder that others may write to', (t) => {
  const { open, folder } = makeHome(t)
  mkdirSync(folder, { recursive: true })
  chmodSync(folder, 0o777)
  open()?.write(KEPT)
  assert.deepEqual(readdirSync(folder), [])
})

test('a link is not followed, neither to the file nor to the folder', (t) => {
  const { open, home, folder, file } = makeHome(t)
  open()?.write(KEPT)
  const path = file()
  renameSync(path, join(home, 'code'))
  symlinkSync(join(home, 'code'), path)
  assert.equal(open()?.read(), null)
  rmSync(path)
  renameSync(join(home, 'code'), path)
  assert.deepEqual(open()?.read(), KEPT)
  renameSync(folder, join(home, 'folder'))
  symlinkSync(join(home, 'folder'), folder)
  assert.equal(open()?.read(), null)
})

test('what older versions have left is removed after a month', (t) => {
  const { open, folder } = makeHome(t)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const days = (count: number): number => Date.now() / 1000 - count * 86_400
  writeFileSync(join(folder, 'older'), '')
  utimesSync(join(folder, 'older'), days(31), days(31))
  writeFileSync(join(folder, 'old'), '')
  utimesSync(join(folder, 'old'), days(29), days(29))
  open()?.write(KEPT)
  assert.equal(readdirSync(folder).includes('older'), false)
  assert.equal(readdirSync(folder).length, 2)
})
