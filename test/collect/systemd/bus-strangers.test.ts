// Other users of the host at a real bus with the policy of the system bus: each may send signals to any connection.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { chmodSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import { Bus } from '../../../src/collect/systemd/bus.ts'
import { busSocketOf, startDbusDaemon } from '../../helpers/dbus-daemon.ts'
import { encodeMessage, type WireValue } from '../../helpers/dbus-wire.ts'
import { eventually } from '../../helpers/eventually.ts'
import { temporaryFolder } from '../../helpers/fake-bus.ts'

/** As in /usr/share/dbus-1/system.conf. */
const SYSTEM_POLICY = `
  <allow user="*"/>
  <deny own="*"/>
  <deny send_type="method_call"/>
  <allow send_type="signal"/>
  <allow send_requested_reply="true" send_type="method_return"/>
  <allow send_requested_reply="true" send_type="error"/>
  <allow receive_type="method_call"/>
  <allow receive_type="method_return"/>
  <allow receive_type="error"/>
  <allow receive_type="signal"/>
  <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus"/>`

/** A connection of ours, and a stranger who writes to the bus whatever it is given. */
async function start(t: TestContext) {
  const folder = temporaryFolder(t)
  chmodSync(folder, 0o755)
  await startDbusDaemon(t, folder, SYSTEM_POLICY)
  const signals: string[] = []
  const bus = new Bus(null, folder, ({ member }) => void signals.push(member))
  t.after(() => bus.close())
  const ask = async () => {
    const place = { destination: 'org.freedesktop.DBus', path: '/', interface: 'org.freedesktop.DBus' }
    const limits = { signal: new AbortController().signal, timeoutMs: 20_000 }
    const [id] = await bus.call({ ...place, member: 'GetId' }, limits)
    return id
  }
  // The first connection of a bus is `:1.0`.
  const id = await ask()
  const stranger = await startStranger(t, busSocketOf(folder))
  return { bus, signals, stranger, answers: async () => (await ask().catch(() => null)) === id }
}

/** Logs in as another user, if we may become one, and forwards its input to the bus. */
async function startStranger(t: TestContext, socketPath: string) {
  const script = `
    if (process.getuid() === 0) {
      process.setgid(65534)
      process.setuid(65534)
    }
    const socket = require('node:net').connect(process.argv[1])
    const uid = Buffer.from(String(process.getuid())).toString('hex')
    socket.write('\\0AUTH EXTERNAL ' + uid + '\\r\\nBEGIN\\r\\n')
    process.stdin.pipe(socket)
    socket.on('data', (bytes) => console.log(bytes.toString('latin1')))
    socket.on('error', () => {})
    socket.on('close', () => console.log('(gone)'))`
  const child = spawn(process.execPath, ['-e', script, socketPath], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  t.after(() => child.kill('SIGKILL'))
  child.stdin.on('error', () => {})
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  const hello: WireValue[] = [
    [1, ['o', '/org/freedesktop/DBus']],
    [2, ['s', 'org.freedesktop.DBus']],
    [3, ['s', 'Hello']],
    [6, ['s', 'org.freedesktop.DBus']],
  ]
  child.stdin.write(encodeMessage(1, hello, '', []))
  await eventually('the stranger is on the bus', () => output.includes('NameAcquired'))
  return {
    write: (bytes: Buffer) => void child.stdin.write(bytes),
    isGone: () => output.includes('(gone)'),
  }
}

/** A signal to a connection: to our first one. */
function signal(signature: string, body: readonly WireValue[] | Buffer, to = ':1.0'): Buffer {
  const fields: WireValue[] = [
    [1, ['o', '/a']],
    [2, ['s', 'a.b']],
    [3, ['s', 'Flood']],
    [6, ['s', to]],
  ]
  return encodeMessage(4, fields, signature, body)
}

const u32 = (value: number): Buffer => Buffer.from(Uint32Array.of(value).buffer)

test('signals of type h from another user cost a connection each and not the process', async (t) => {
  const { bus, stranger, answers } = await start(t)
  // The stranger is `:1.1`.
  for (const [count, to] of [':1.0', ':1.2', ':1.3'].entries()) {
    for (let times = 0; times < 1_000; times++) stranger.write(signal('h', [0], to))
    await eventually('another connection', async () => (await answers()) && bus.generation === count + 2)
  }
})

test('a signal from another user that is too large costs the connection and no memory', async (t) => {
  const { bus, stranger, answers } = await start(t)
  const bytes = 30 * 1024 * 1024
  const beforeBytes = process.memoryUsage().rss
  stranger.write(signal('ay', Buffer.concat([u32(bytes), Buffer.alloc(bytes)])))
  await eventually('another connection', async () => (await answers()) && bus.generation === 2)
  // The message itself was made in this process.
  assert.ok(process.memoryUsage().rss - beforeBytes < 3 * bytes)
})

test('a flood of signals from another user is read, and calls are answered meanwhile', async (t) => {
  const { bus, signals, stranger, answers } = await start(t)
  const some = Buffer.concat(Array.from({ length: 1_000 }, () => signal('s', ['x'.repeat(1_000)])))
  for (let times = 0; times < 20; times++) stranger.write(some)
  await eventually('it has begun', () => signals.length > 0)
  assert.ok(await answers())
  await eventually('it is over', () => signals.filter((member) => member === 'Flood').length === 20_000)
  assert.ok(await answers())
  assert.equal(bus.generation, 1)
})

test('garbage of another user, and a message that is damaged, never get past the bus', async (t) => {
  const damaged = signal('av', u32(0xffff_fff0))
  for (const bytes of [Buffer.alloc(4096), Buffer.alloc(4096, 0xff), damaged]) {
    const { bus, signals, stranger, answers } = await start(t)
    stranger.write(bytes)
    await eventually('the bus has ended its connection', () => stranger.isGone())
    assert.ok(await answers())
    assert.equal(bus.generation, 1)
    assert.ok(!signals.includes('Flood'))
  }
})
