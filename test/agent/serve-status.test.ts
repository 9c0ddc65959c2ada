import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test, type TestContext } from 'node:test'
import { readSocket } from '../../src/agent/read-socket.ts'
import { serveStatus } from '../../src/agent/serve-status.ts'
import { eventually } from '../helpers/eventually.ts'
import { memoryLog } from '../helpers/memory-log.ts'

const soon = (): AbortSignal => AbortSignal.timeout(10_000)

suite('the status of a running agent', () => {
  let root: string
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'ksp-serve-'))
  })
  after(() => rm(root, { recursive: true, force: true, maxRetries: 9 }))

  async function serve(
    t: TestContext,
    folder: string | null,
    describe: () => Promise<string> = () => Promise.resolve('told'),
  ): Promise<{ end: () => Promise<void>; lines: readonly string[] }> {
    const log = memoryLog()
    const end = await serveStatus({ folder, describe, log })
    t.after(end)
    return { end, lines: log.lines }
  }

  test('is told to whoever connects, and its socket goes with it', async (t) => {
    const folder = join(root, 'new')
    const { end } = await serve(t, folder)
    const path = join(folder, 'status.sock')
    assert.equal(await readSocket(path, soon()), 'told')
    assert.equal((await stat(path)).mode & 0o777, 0o666)
    await end()
    assert.deepEqual(await readdir(folder), [])
    assert.equal(await readSocket(path, soon()), null)
  })

  test('takes the place of what a killed agent left behind, never that of a living one', async (t) => {
    await writeFile(join(root, 'status.sock'), '')
    await serve(t, root)
    const second = await serve(t, root, () => Promise.resolve('second'))
    assert.match(second.lines[0] ?? '', /^debug: another agent tells its status at /)
    await second.end()
    assert.equal(await readSocket(join(root, 'status.sock'), soon()), 'told')
  })

  test('without a folder, or with one that cannot be made, the agent works on', async (t) => {
    assert.deepEqual((await serve(t, null)).lines, [])
    const { lines } = await serve(t, '/proc/none/here')
    assert.match(
      lines[0] ?? '',
      /^debug: the status cannot be told at \/proc\/none\/here\/status\.sock: ENOENT/,
    )
  })

  test('is made once for readers that come together, and a mistake in it ends nothing but their connection', async (t) => {
    let made = 0
    const folder = join(root, 'many')
    await serve(t, folder, () => {
      made += 1
      return made === 1 ? Promise.reject(new Error('ours')) : Promise.resolve(`told ${made}`)
    })
    const path = join(folder, 'status.sock')
    assert.equal(await readSocket(path, soon()), null)
    const all = await eventually(
      'a new one is made',
      () => Promise.all(Array.from({ length: 8 }, () => readSocket(path, soon()))),
      (texts) => texts.every((text) => text !== null),
    )
    assert.ok(new Set(all).size <= 2, all.join())
    assert.ok(made < 8)
  })

  test('readers that read nothing do not keep the agent from ending', async (t) => {
    const folder = join(root, 'deaf')
    const { end } = await serve(t, folder, () => Promise.resolve('x'.repeat(4_000_000)))
    const reader = connect(join(folder, 'status.sock'))
    reader.on('error', () => {})
    await eventually('it is connected', () => !reader.connecting)
    await end()
    reader.destroy()
  })
})

test('a socket that says nothing is given up, and one that says too much too', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'ksp-read-'))
  t.after(() => rm(root, { recursive: true, force: true, maxRetries: 9 }))
  let text = new Promise<string>(() => {})
  const log = memoryLog()
  t.after(await serveStatus({ folder: join(root, 'a'), describe: () => text, log }))
  assert.equal(await readSocket(join(root, 'a/status.sock'), AbortSignal.timeout(100)), null)
  text = Promise.resolve('x'.repeat(9_000_000))
  t.after(await serveStatus({ folder: join(root, 'b'), describe: () => text, log }))
  assert.equal(await readSocket(join(root, 'b/status.sock'), soon()), null)
})
