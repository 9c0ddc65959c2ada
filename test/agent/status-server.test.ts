import assert from 'node:assert/strict'
import { chmod, chown, lstat, mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { readSocket } from '../../src/agent/read-socket.ts'
import { BUSY, makeStatusFolder, statusFolders, StatusServer } from '../../src/agent/status-server.ts'
import { eventually } from '../helpers/eventually.ts'
import { memoryLog } from '../helpers/memory-log.ts'

const soon = (): AbortSignal => AbortSignal.timeout(10_000)

async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ksp-serve-'))
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
  return folder
}

async function serve(
  t: TestContext,
  folder: string,
  makeText: () => Promise<string> = () => Promise.resolve('told'),
): Promise<{ server: StatusServer; path: string; lines: readonly string[] }> {
  const log = memoryLog()
  const server = new StatusServer(makeText, log)
  await server.start(folder)
  t.after(() => server.close())
  return { server, path: join(folder, 'status.sock'), lines: log.lines }
}

describe('the status of a running agent', () => {
  it('is told to whoever connects, and its socket goes with it', async (t) => {
    const folder = await temporaryFolder(t)
    const umask = process.umask()
    const { server, path } = await serve(t, folder)
    assert.equal(await readSocket(path, soon()), 'told')
    assert.equal((await stat(path)).mode & 0o777, 0o666)
    assert.equal(process.umask(), umask)
    await server.close()
    assert.deepEqual(await readdir(folder), [])
    assert.equal(await readSocket(path, soon()), null)
  })

  it('takes the place of what a killed agent left behind, never that of a living one', async (t) => {
    const folder = await temporaryFolder(t)
    await writeFile(join(folder, 'status.sock'), '')
    await serve(t, folder)
    const { server, path, lines } = await serve(t, folder, () => Promise.resolve('second'))
    assert.match(lines[0] ?? '', /^debug: another agent tells its status at /)
    await server.close()
    assert.equal(await readSocket(path, soon()), 'told')
  })

  it('never changes the file that a link in its place leads to', async (t) => {
    const folder = await temporaryFolder(t)
    const file = join(folder, 'shadow')
    await writeFile(file, 'secret', { mode: 0o600 })
    await symlink(file, join(folder, 'status.sock'))
    const { path } = await serve(t, folder)
    assert.equal((await stat(file)).mode & 0o777, 0o600)
    assert.ok((await lstat(path)).isSocket())
  })

  it('is not told where it cannot be, and the agent works on', async (t) => {
    const { lines } = await serve(t, '/none/here')
    assert.match(lines[0] ?? '', /^debug: the status cannot be told at \/none\/here\/status\.sock: /)
  })

  it('is made once for readers that come together, and a mistake in it ends nothing but their connection', async (t) => {
    let made = 0
    const { path } = await serve(t, await temporaryFolder(t), () => {
      made += 1
      return made === 1 ? Promise.reject(new Error('ours')) : Promise.resolve(`told ${made}`)
    })
    assert.equal(await readSocket(path, soon()), null)
    const all = await eventually(
      'a new one is made',
      () => Promise.all(Array.from({ length: 8 }, () => readSocket(path, soon()))),
      (texts) => texts.every((text) => text !== null),
    )
    assert.ok(new Set(all).size <= 2, all.join())
    assert.ok(made < 8)
  })

  it('does not keep the agent from ending where readers read nothing', async (t) => {
    const { server, path } = await serve(t, await temporaryFolder(t), () =>
      Promise.resolve('x'.repeat(4_000_000)),
    )
    const reader = connect(path)
    reader.on('error', () => {})
    await eventually('it is connected', () => !reader.connecting)
    await server.close()
    reader.destroy()
  })

  it('is busy for a seventeenth reader, and never longer than the slowest may take', async (t) => {
    const { path } = await serve(t, await temporaryFolder(t), () => Promise.resolve('x'.repeat(4_000_000)))
    const slow = Array.from({ length: 16 }, () => connect(path))
    // Each reads a little all the time, so that it is never idle.
    const reading = setInterval(() => slow.forEach((reader) => reader.read(1)), 100)
    t.after(() => {
      clearInterval(reading)
      for (const reader of slow) reader.destroy()
    })
    for (const reader of slow) reader.on('error', () => {})
    await eventually('all are connected', () => slow.every((reader) => !reader.connecting))
    assert.equal(await readSocket(path, soon()), BUSY)
    const text = await eventually(
      'there is room again',
      () => readSocket(path, soon()),
      (found) => found !== BUSY,
    )
    assert.equal(text?.length, 4_000_000)
  })

  it('is given up by a reader when it does not come, and when it is too long', async (t) => {
    let text = new Promise<string>(() => {})
    const first = await serve(t, await temporaryFolder(t), () => text)
    assert.equal(await readSocket(first.path, AbortSignal.timeout(100)), null)
    text = Promise.resolve('x'.repeat(9_000_000))
    const second = await serve(t, await temporaryFolder(t), () => text)
    assert.equal(await readSocket(second.path, soon()), null)
  })
})

describe('the folder of a status', () => {
  const uid = process.getuid?.() ?? -1
  const make = (
    env: Record<string, string>,
    rootFolder = '/dev/null/none',
    as = uid,
  ): Promise<string | null> => makeStatusFolder(env, memoryLog(), { uid: as, rootFolder })

  it('is the first that there is: of the unit, of the user, of root', async (t) => {
    const unit = await temporaryFolder(t)
    const user = await temporaryFolder(t)
    const root = join(await temporaryFolder(t), 'root')
    assert.equal(await make({ XDG_RUNTIME_DIR: user, RUNTIME_DIRECTORY: `${unit}:/run/b` }, root), unit)
    assert.equal(await make({ XDG_RUNTIME_DIR: user }, root), join(user, 'kuma-supervisor-push'))
    assert.equal((await stat(join(user, 'kuma-supervisor-push'))).mode & 0o777, 0o755)
    assert.equal(await make({ XDG_RUNTIME_DIR: '' }, root), uid === 0 ? root : null)
  })

  it('is looked for by a reader in all of these, and in a unit in its own alone', async (t) => {
    const user = await temporaryFolder(t)
    const [service, root] = ['/run/kuma-supervisor-push', '/run/kuma-supervisor-push-root']
    assert.deepEqual(await statusFolders({ XDG_RUNTIME_DIR: user }), [
      service,
      join(user, 'kuma-supervisor-push'),
      root,
    ])
    assert.deepEqual(await statusFolders({ XDG_RUNTIME_DIR: user, RUNTIME_DIRECTORY: '/run/a:/run/b' }), [
      '/run/a',
    ])
    await chmod(user, 0o777)
    assert.deepEqual(await statusFolders({ XDG_RUNTIME_DIR: user }), [service, root])
  })

  const swapped: Record<string, (folder: string) => Promise<unknown>> = {
    'of another user': (folder) => chown(folder, 65_534, 65_534),
    'that its group can write to': (folder) => chmod(folder, 0o770),
    'that everybody can write to': (folder) => chmod(folder, 0o1777),
    'that is a link': async (folder) => {
      await mkdir(`${folder}.real`)
      await rm(folder, { recursive: true })
      await symlink(`${folder}.real`, folder)
    },
    'that is not there': (folder) => rm(folder, { recursive: true }),
  }
  for (const [which, change] of Object.entries(swapped)) {
    const skip = which === 'of another user' && uid !== 0 && 'needs root'
    it(`is never one ${which}, whoever named it`, { skip }, async (t) => {
      const home = await temporaryFolder(t)
      const folder = join(home, 'run')
      await mkdir(folder, { mode: 0o700 })
      await change(folder)
      assert.equal(await make({ RUNTIME_DIRECTORY: folder }), null)
      assert.equal(await make({ XDG_RUNTIME_DIR: folder }), null)
      const root = join(home, 'root')
      assert.equal(await make({ XDG_RUNTIME_DIR: folder }, root), uid === 0 ? root : null)
    })

    it(`is not the user's where ours in it is one ${which}`, { skip }, async (t) => {
      if (which === 'that is not there') return
      const user = await temporaryFolder(t)
      const folder = join(user, 'kuma-supervisor-push')
      await mkdir(folder, { mode: 0o755 })
      await change(folder)
      assert.equal(await make({ XDG_RUNTIME_DIR: user }), null)
    })
  }
})
