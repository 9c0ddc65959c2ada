import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, mkdir, mkdtemp, rename, rm, symlink } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import type { RpcReading } from '../../../src/collect/supervisor/rpc-reading.ts'
import { addressOf, connectGuarded } from '../../../src/collect/supervisor/who-answers.ts'
import { eventually } from '../../helpers/eventually.ts'
import { freePort } from '../../helpers/free-port.ts'
import { openClient } from '../../helpers/open-client.ts'

test('connects to the port of a URL, to 80 where it has none, and to a socket file', () => {
  assert.deepEqual(addressOf(new URL('http://[::1]:9001/RPC2'), null), { host: '::1', port: 9001 })
  assert.deepEqual(addressOf(new URL('http://example.com/RPC2'), null), { host: 'example.com', port: 80 })
  assert.deepEqual(addressOf(new URL('http://localhost/RPC2'), '/run/s.sock'), { path: '/run/s.sock' })
})

const STRANGER = 1_001
const isRoot = process.getuid?.() === 0

/** Listens as another user, and tells every byte that it is sent; answers as a supervisord without programs. */
const LISTENER = `
const answer = '<?xml version="1.0"?><methodResponse><params><param><value><array><data/></array></value></param></params></methodResponse>'
const server = require('node:net').createServer((socket) => {
  if (process.argv[2] === 'once') server.close()
  socket.on('error', () => {})
  socket.on('data', (data) => {
    process.stdout.write(data)
    socket.write('HTTP/1.1 200 OK\\r\\nContent-Type: text/xml\\r\\nContent-Length: ' + answer.length + '\\r\\n\\r\\n' + answer)
  })
})
const where = process.argv[1]
server.listen(where.startsWith('/') ? where : JSON.parse(where), () => process.stderr.write('listening'))
`

/** @returns every byte that was sent to it */
async function listenAs(t: TestContext, uid: number, where: string, how = ''): Promise<() => string> {
  const user = [`--reuid=${uid}`, `--regid=${uid}`, '--clear-groups']
  const args = [...user, '--pdeathsig', 'TERM', process.execPath, '-e', LISTENER, where, how]
  const child = spawn('setpriv', args, { stdio: ['ignore', 'pipe', 'pipe'] })
  t.after(async () => {
    if (child.exitCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  })
  let sent = ''
  let said = ''
  child.stdout.on('data', (data: Buffer) => (sent += data.toString()))
  child.stderr.on('data', (data: Buffer) => (said += data.toString()))
  await eventually(
    'it listens',
    () => {
      assert.equal(child.exitCode, null, said)
      return said === 'listening'
    },
    Boolean,
  )
  return () => sent
}

/** A folder with the mode of /tmp. */
async function openFolder(t: TestContext, mode = 0o1777): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ksp-who-'))
  await chmod(folder, mode)
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

const login = { username: 'admin', password: 'swordfish' }

function read(t: TestContext, url: string, ownerUid: number | null = null): Promise<RpcReading> {
  return openClient(t, url, { ...login, ownerUid }).read(new AbortController().signal)
}

async function assertRefused(reading: Promise<RpcReading>, place: string): Promise<void> {
  const given = await reading
  assert.equal(given.kind, 'failed')
  assert.deepEqual(given.failure.reason, 'foreign')
  assert.equal(
    given.failure.detail,
    `${place} belongs to another user (uid ${STRANGER}): nothing was sent to it`,
  )
}

describe('whoever is not root cannot play supervisord', { skip: !isRoot }, () => {
  test('by a socket in a folder that everybody may write', async (t) => {
    const path = join(await openFolder(t), 'supervisor.sock')
    const sent = await listenAs(t, STRANGER, path)
    await assertRefused(read(t, `unix://${path}`), path)
    assert.equal(sent(), '')
  })

  test('by a folder of his own in a folder that everybody may write', async (t) => {
    const folder = join(await openFolder(t), 'supervisor')
    await mkdir(folder, 0o755)
    await chown(folder, STRANGER, STRANGER)
    const path = join(folder, 'supervisor.sock')
    const sent = await listenAs(t, STRANGER, path)
    await assertRefused(read(t, `unix://${path}`), path)
    assert.equal(sent(), '')
  })

  test('by a link to a folder of his own', async (t) => {
    const folder = await openFolder(t)
    const own = join(folder, 'own')
    await mkdir(own, 0o755)
    await chown(own, STRANGER, STRANGER)
    await symlink(own, join(folder, 'supervisor'))
    const path = join(folder, 'supervisor/supervisor.sock')
    const sent = await listenAs(t, STRANGER, path)
    await assertRefused(read(t, `unix://${path}`), path)
    assert.equal(sent(), '')
  })

  for (const host of ['127.0.0.1', '::1', '127.0.0.2']) {
    test(`by a port of ${host}`, async (t) => {
      const port = await freePort()
      const sent = await listenAs(t, STRANGER, JSON.stringify({ host, port }))
      const place = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
      await assertRefused(read(t, `http://${place}`), place)
      assert.equal(sent(), '')
    })
  }

  for (const host of ['0.0.0.0', '::']) {
    test(`by a port of every address, ${host}`, async (t) => {
      const port = await freePort()
      const sent = await listenAs(t, STRANGER, JSON.stringify({ host, port }))
      await assertRefused(read(t, `http://127.0.0.1:${port}`), `127.0.0.1:${port}`)
      assert.equal(sent(), '')
    })
  }

  test('by a port where he stops listening as soon as he was connected', async (t) => {
    const port = await freePort()
    const sent = await listenAs(t, STRANGER, JSON.stringify({ host: '127.0.0.1', port }), 'once')
    const reading = await read(t, `http://127.0.0.1:${port}`)
    assert.equal(reading.kind, 'failed')
    assert.equal(sent(), '')
  })

  test('by exchanging the socket of root in a folder that everybody may change', async (t) => {
    const folder = await openFolder(t, 0o777)
    const path = join(folder, 'supervisor.sock')
    const real = createServer((socket: Socket) => socket.destroy())
    real.listen(path)
    await once(real, 'listening')
    t.after(() => real.close())
    const sent = await listenAs(t, STRANGER, join(folder, 'his.sock'))
    const opening = connectGuarded({ at: { path }, ownerUid: null, timeoutMs: 5_000, onUnknown: () => {} })
    // Whenever he does it, what is opened is root's or nothing is.
    await rename(join(folder, 'his.sock'), path)
    const socket = await opening.catch(() => null)
    socket?.end('secret')
    assert.equal(sent(), '')
  })
})

describe('a supervisord is asked', { skip: !isRoot }, () => {
  test('where it is of the user that owner names, by socket and by port', async (t) => {
    const path = join(await openFolder(t), 'supervisor.sock')
    await listenAs(t, STRANGER, path)
    assert.equal((await read(t, `unix://${path}`, STRANGER)).kind, 'answered')
    const port = await freePort()
    await listenAs(t, STRANGER, JSON.stringify({ host: '127.0.0.1', port }))
    assert.equal((await read(t, `http://127.0.0.1:${port}`, STRANGER)).kind, 'answered')
  })

  test('where nobody else could listen, whoever owns the socket', async (t) => {
    const folder = await openFolder(t, 0o755)
    const path = join(folder, 'supervisor.sock')
    await chmod(folder, 0o777)
    await listenAs(t, STRANGER, path)
    await chmod(folder, 0o755)
    assert.equal((await read(t, `unix://${path}`)).kind, 'answered')
  })

  test('in a folder that root gave to its user', async (t) => {
    const folder = join(await openFolder(t, 0o755), 'deploy')
    await mkdir(folder, 0o755)
    await chown(folder, STRANGER, STRANGER)
    const path = join(folder, 'supervisor.sock')
    await listenAs(t, STRANGER, path)
    assert.equal((await read(t, `unix://${path}`)).kind, 'answered')
  })

  test('where it is root, in a folder that everybody may write', async (t) => {
    const path = join(await openFolder(t), 'supervisor.sock')
    await listenAs(t, 0, path)
    assert.equal((await read(t, `unix://${path}`)).kind, 'answered')
    const port = await freePort()
    await listenAs(t, 0, JSON.stringify({ host: '::', port }))
    assert.equal((await read(t, `http://127.0.0.1:${port}`)).kind, 'answered')
  })
})

/** Reads as a user whose namespace has root and himself alone, as with `PrivateUsers=yes`. */
test('a user whom the own namespace hides is refused, and root is not', { skip: !isRoot }, async (t) => {
  const folder = await openFolder(t)
  const module = join(import.meta.dirname, '../../../src/collect/supervisor/who-answers.ts')
  const script = `
    const { connectGuarded } = await import(${JSON.stringify(module)})
    const [path, uid] = process.argv.slice(1)
    connectGuarded({ at: { path }, ownerUid: Number(uid), timeoutMs: 5000, onUnknown() {} }).then(
      (socket) => { process.stdout.write('connected'); socket.destroy() },
      (error) => process.stdout.write(error.message),
    )`
  const readHidden = async (path: string, ownerUid: number): Promise<string> => {
    const node = [
      process.execPath,
      '--import',
      'tsx',
      '--input-type=module',
      '-e',
      script,
      path,
      String(ownerUid),
    ]
    const args = ['--user', '--map-root-user', ...node]
    const child = spawn('unshare', args, { stdio: ['ignore', 'pipe', 'inherit'] })
    let said = ''
    child.stdout.on('data', (data: Buffer) => (said += data.toString()))
    await once(child, 'close')
    return said
  }
  const ofRoot = join(folder, 'root.sock')
  await listenAs(t, 0, ofRoot)
  await chmod(ofRoot, 0o777)
  assert.equal(await readHidden(ofRoot, STRANGER), 'connected')
  const path = join(folder, 'his.sock')
  await listenAs(t, STRANGER, path)
  await chmod(path, 0o777)
  const text = `${path} belongs to another user (uid 65534): nothing was sent to it`
  assert.equal(await readHidden(path, 65_534), text)
  assert.match(await readHidden(path, STRANGER), /nothing was sent to it; .*PrivateUsers=no/)
})
