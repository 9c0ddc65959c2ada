import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Bus, findBusSocket } from '../../../src/collect/systemd/bus.ts'
import { UnitReader, type UnitReading } from '../../../src/collect/systemd/units.ts'
import { realClock } from '../../../src/lib/clock.ts'
import { encodeReturn, encodeSignal } from '../../helpers/dbus-wire.ts'
import { startFakeBus, temporaryFolder, type FakeAnswer } from '../../helpers/fake-bus.ts'
import { fakeSystemd } from '../../helpers/fake-systemd.ts'

const limits = { signal: new AbortController().signal, timeoutMs: 10_000 }
const healthy = fakeSystemd([{ id: 'supervisor.service', active: 'active', sub: 'running' }])
const silent = (): FakeAnswer => 'silence'

interface ReaderOptions {
  readonly sleep?: (ms: number) => Promise<void>
  readonly root?: string
}

/** A reader that does not wait before it tries again. */
function readerOf(
  t: TestContext,
  address: string | null,
  { sleep: sleepFor = () => Promise.resolve(), root = hostRoot(t, 'systemd') }: ReaderOptions = {},
): UnitReader {
  const reader = new UnitReader(address, { ...realClock, sleep: sleepFor }, root)
  t.after(() => reader.close())
  return reader
}

/** A host's root folder as far as the reader looks at it. */
function hostRoot(t: TestContext, init: 'systemd' | 'another init'): string {
  const root = temporaryFolder(t)
  if (init === 'systemd') mkdirSync(join(root, 'run/systemd/system'), { recursive: true })
  return root
}

function causeOf(reading: UnitReading): string {
  assert.ok(reading.kind === 'unreachable', `unreachable, not ${JSON.stringify(reading)}`)
  assert.doesNotMatch(reading.cause, /\n/)
  return reading.cause
}

test('takes the socket of a D-Bus address', () => {
  const table: [string, string][] = [
    ['unix:path=/run/dbus/system_bus_socket', '/run/dbus/system_bus_socket'],
    ['unix:path=/run/bus,guid=0123', '/run/bus'],
    ['unix:guid=0123,path=/run/bus', '/run/bus'],
    ['tcp:host=localhost,port=1;unix:path=/run/bus', '/run/bus'],
  ]
  for (const [address, path] of table) assert.equal(findBusSocket(address, '/'), path)
})

test('looks in the usual places without an address', (t) => {
  const root = temporaryFolder(t)
  assert.equal(findBusSocket(null, root), `${root}/run/dbus/system_bus_socket`)
  mkdirSync(`${root}/var/run/dbus`, { recursive: true })
  writeFileSync(`${root}/var/run/dbus/system_bus_socket`, '')
  assert.equal(findBusSocket(null, root), `${root}/var/run/dbus/system_bus_socket`)
})

test('refuses an address it cannot use, and quotes it', () => {
  for (const address of [
    '',
    'tcp:host=localhost,port=1',
    'unix:abstract=/x',
    'unixexec:path=/bin/sh',
    '/run/bus',
    'unix:path=/a:b',
  ]) {
    assert.throws(() => findBusSocket(address, '/'), {
      code: 'address',
      message: `DBUS_SYSTEM_BUS_ADDRESS must be unix:path=/…/socket, got "${address}"`,
    })
  }
})

test('ends at the deadline, whenever the bus falls silent', async (t) => {
  const stages = {
    'before the login': { login: null },
    'in the middle of a login line': { login: 'O' },
    'at Hello': { hello: silent },
    'at the call': { answer: silent },
    'at the second call': { answer: (call) => (call.member === 'Get' ? 'silence' : healthy(call)) },
    'in the middle of an answer': {
      answer: ({ serial }) => ({ bytes: encodeReturn(serial, 's', ['x']).subarray(0, 20) }),
    },
  } satisfies Record<string, Parameters<typeof startFakeBus>[1]>
  for (const [stage, options] of Object.entries(stages)) {
    const bus = await startFakeBus(t, options)
    const cause = causeOf(await readerOf(t, bus.address).read('auto', { ...limits, timeoutMs: 700 }))
    const call = stage === 'at the second call' ? 'Get' : 'ListUnitsByNames'
    assert.equal(cause, `${call} timed out after 700 ms at ${bus.socketPath}`, stage)
  }
})

test('ends at the deadline at a listener that never accepts', async (t) => {
  const folder = temporaryFolder(t)
  const script = `
    const server = require('node:net').createServer()
    server.listen(process.argv[1], () => process.stdout.write('ready'))`
  const child = spawn(process.execPath, ['-e', script, join(folder, 'bus')])
  t.after(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  child.kill('SIGSTOP')
  const reader = readerOf(t, `unix:path=${folder}/bus`)
  const cause = causeOf(await reader.read('auto', { ...limits, timeoutMs: 700 }))
  assert.equal(cause, `ListUnitsByNames timed out after 700 ms at ${folder}/bus`)
})

test('asks anew over another connection after a call without an answer', async (t) => {
  let isFrozen = true
  const bus = await startFakeBus(t, { answer: (call) => (isFrozen ? 'silence' : healthy(call)) })
  const reader = readerOf(t, bus.address)
  causeOf(await reader.read('auto', { ...limits, timeoutMs: 700 }))
  isFrozen = false
  assert.equal((await reader.read('auto', limits)).kind, 'state')
  assert.equal(bus.connections.total, 2)
  await waitUntil(() => bus.connections.open === 1)
})

test('a reading that times out does not spoil the one beside it', async (t) => {
  let isThawed: (() => void) | undefined
  const thaw = new Promise<void>((resolve) => (isThawed = resolve))
  const bus = await startFakeBus(t, {
    answer: async (call) => {
      if (call.strings[0] === 'slow.service') await thaw
      return call.strings[0] === 'mute.service' ? 'silence' : healthy(call)
    },
  })
  const reader = readerOf(t, bus.address)
  const slow = reader.read('slow', limits)
  causeOf(await reader.read('mute', { ...limits, timeoutMs: 700 }))
  isThawed?.()
  assert.deepEqual(await slow, { kind: 'not-found', names: ['slow.service'] })
})

test('names a bus that goes away, at every stage', async (t) => {
  const stages = {
    'at Hello': { hello: () => 'close' },
    'at the call': { answer: () => 'close' },
    'at the second call': { answer: (call) => (call.member === 'Get' ? 'close' : healthy(call)) },
  } satisfies Record<string, Parameters<typeof startFakeBus>[1]>
  for (const [stage, options] of Object.entries(stages)) {
    const bus = await startFakeBus(t, options)
    const cause = causeOf(await readerOf(t, bus.address).read('auto', limits))
    const when = stage === 'at Hello' ? ' during the login' : ''
    assert.equal(cause, `the bus closed the connection${when} at ${bus.socketPath}`, stage)
  }
})

test('gets over a bus that is restarted between two readings, and during one', async (t) => {
  const first = await startFakeBus(t, { answer: healthy })
  const reader = readerOf(t, first.address)
  assert.equal((await reader.read('auto', limits)).kind, 'state')
  await first.stop()
  assert.equal(causeOf(await reader.read('auto', limits)), `no bus socket at ${first.socketPath}`)

  let isFirst = true
  const second = await startFakeBus(t, {
    socketPath: first.socketPath,
    answer: (call) => {
      const given = isFirst ? 'close' : healthy(call)
      isFirst = false
      return given
    },
  })
  assert.equal((await reader.read('auto', limits)).kind, 'state')
  assert.equal(second.connections.total, 2)
})

test('gets over a bus that goes away in the middle of an answer', async (t) => {
  for (const bytes of [5, 30]) {
    let isFirst = true
    const bus = await startFakeBus(t, {
      answer: (call) => {
        if (!isFirst) return healthy(call)
        isFirst = false
        return { bytes: encodeReturn(call.serial, 's', ['x']).subarray(0, bytes), isLast: true }
      },
    })
    assert.equal((await readerOf(t, bus.address).read('auto', limits)).kind, 'state')
    assert.equal(bus.connections.total, 2)
  }
})

test('waits a little for a systemd that is away from the bus', async (t) => {
  const waits: number[] = []
  const bus = await startFakeBus(t, {
    answer: (call) =>
      waits.length < 3 ? { error: 'org.freedesktop.DBus.Error.ServiceUnknown' } : healthy(call),
  })
  const sleepFor = (ms: number): Promise<void> => Promise.resolve(void waits.push(ms))
  const reading = await readerOf(t, bus.address, { sleep: sleepFor }).read('auto', limits)
  assert.equal(reading.kind, 'state')
  assert.deepEqual(waits, [50, 200, 500])
})

test('tells a bus without systemd from a systemd without its bus', async (t) => {
  const root = hostRoot(t, 'another init')
  for (const name of ['ServiceUnknown', 'NameHasNoOwner']) {
    const error = `org.freedesktop.DBus.Error.${name}`
    const bus = await startFakeBus(t, { answer: () => ({ error, text: 'no such name' }) })
    assert.deepEqual(await readerOf(t, bus.address, { root }).read('auto', limits), { kind: 'no-systemd' })
    const cause = causeOf(await readerOf(t, bus.address).read('auto', limits))
    assert.equal(cause, `systemd is not on the bus: ${error}: no such name`)
  }
})

test('does not forget a systemd it once saw', async (t) => {
  let isAway = false
  const bus = await startFakeBus(t, {
    answer: (call) => (isAway ? { error: 'org.freedesktop.DBus.Error.NameHasNoOwner' } : healthy(call)),
  })
  const reader = readerOf(t, bus.address, { root: hostRoot(t, 'another init') })
  assert.equal((await reader.read('auto', limits)).kind, 'state')
  isAway = true
  assert.match(causeOf(await reader.read('auto', limits)), /^systemd is not on the bus: /)
})

test('tells a host without systemd from one whose bus is missing', async (t) => {
  const [container, host] = [hostRoot(t, 'another init'), hostRoot(t, 'systemd')]
  assert.deepEqual(await readerOf(t, null, { root: container }).read('auto', limits), { kind: 'no-systemd' })
  const missing = causeOf(await readerOf(t, null, { root: host }).read('auto', limits))
  assert.equal(missing, `no bus socket at ${host}/run/dbus/system_bus_socket`)

  const socket = join(container, 'bus')
  const cause = causeOf(await readerOf(t, `unix:path=${socket}`, { root: container }).read('auto', limits))
  assert.equal(cause, `no bus socket at ${socket}`, 'who gives an address has a bus')
})

test('names a socket nobody listens on', async (t) => {
  const file = join(temporaryFolder(t), 'bus')
  writeFileSync(file, '')
  const cause = causeOf(await readerOf(t, `unix:path=${file}`).read('auto', limits))
  assert.equal(cause, `nobody listens (ECONNREFUSED) at the bus socket ${file}`)
})

test('names a socket it may not use', async (t) => {
  const folder = temporaryFolder(t)
  const locked = join(folder, 'locked')
  mkdirSync(locked)
  const bus = await startFakeBus(t, { socketPath: join(locked, 'bus'), answer: healthy })
  const reader = readerOf(t, bus.address)
  const isRoot = process.getuid?.() === 0
  chmodSync(locked, 0o000)
  if (isRoot) process.seteuid?.(65_534)
  try {
    const cause = causeOf(await reader.read('auto', limits))
    assert.equal(cause, `permission denied (EACCES) at the bus socket ${bus.socketPath}`)
  } finally {
    if (isRoot) process.seteuid?.(0)
    chmodSync(locked, 0o700)
  }
})

test('names a bus that rejects the login', async (t) => {
  const bus = await startFakeBus(t, { login: 'REJECTED EXTERNAL\r\n' })
  const cause = causeOf(await readerOf(t, bus.address).read('auto', limits))
  const who = `rejects the login of uid ${process.getuid?.()}`
  assert.equal(
    cause,
    `the bus at ${bus.socketPath} ${who}; it may not know the users of a user namespace (rootless container)`,
  )
})

test('names what systemd or the bus refuses', async (t) => {
  const error = 'org.freedesktop.DBus.Error.AccessDenied'
  const refused = await startFakeBus(t, { answer: () => ({ error, text: 'Rejected\nsend message' }) })
  assert.equal(
    causeOf(await readerOf(t, refused.address).read('auto', limits)),
    `${error}: Rejected send message`,
  )
  const full = 'org.freedesktop.DBus.Error.LimitsExceeded'
  const crowded = await startFakeBus(t, { hello: () => ({ error: full, text: 'too many connections' }) })
  assert.equal(
    causeOf(await readerOf(t, crowded.address).read('auto', limits)),
    `${full}: too many connections`,
  )
})

test('keeps what a peer says short', async (t) => {
  const bus = await startFakeBus(t, {
    answer: () => ({ error: 'a.b', text: 'x\u001b[31m\r\n\0y'.repeat(1000) }),
  })
  const cause = causeOf(await readerOf(t, bus.address).read('auto', limits))
  assert.ok(cause.length <= 300)
  assert.doesNotMatch(cause, /[\p{Cc}]/u)
})

test('survives a peer that speaks something else', async (t) => {
  const http = Buffer.from('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n')
  const huge = encodeReturn(1, 's', ['x'])
  huge.writeUInt32LE(0xffff_fff0, 4)
  const table: [string, Parameters<typeof startFakeBus>[1]][] = [
    ['HTTP at the login', { login: http }],
    ['binary at the login', { login: Buffer.from([0xff, 0x00, 0xfe, 0x0a]) }],
    ['HTTP at Hello', { hello: () => ({ bytes: http }) }],
    ['a message of 4 GB', { answer: () => ({ bytes: huge }) }],
    ['ones', { answer: () => ({ bytes: Buffer.alloc(4096, 0xff) }) }],
    ['noughts', { answer: () => ({ bytes: Buffer.alloc(4096) }) }],
    ['a list of another shape', { answer: () => ({ signature: 'a(us)', body: [[[1, 'x']]] }) }],
    ['no list', { answer: () => ({ signature: 's', body: ['x'] }) }],
    ['nothing', { answer: () => ({ signature: '', body: [] }) }],
    ['no object path', { answer: () => ({ signature: 'a(sssssss)', body: [[Array.from('abcdefg')]] }) }],
  ]
  for (const [what, options] of table) {
    const bus = await startFakeBus(t, options)
    const reading = await readerOf(t, bus.address).read('auto', { ...limits, timeoutMs: 500 })
    assert.equal(reading.kind, 'unreachable', what)
  }
})

test('does not gather what is too large for systemd', async (t) => {
  const message = withNumber(encodeReturn(1, 's', ['x']), 4, 32 * 1024 * 1024)
  const large = await startFakeBus(t, { answer: () => ({ bytes: message }) })
  const cause = causeOf(await readerOf(t, large.address).read('auto', limits))
  assert.match(cause, /does not speak D-Bus: a message of 335\d{5} bytes$/)

  const endless = await startFakeBus(t, { login: Buffer.alloc(100_000, 'x') })
  const line = causeOf(await readerOf(t, endless.address).read('auto', limits))
  assert.match(line, /does not speak D-Bus: more than 16384 bytes of login$/)
})

/** Any user of the host may send this one to any connection, and the library throws at it. */
const SIGNAL_OF_H = encodeSignal({ path: '/a', interface: 'a.b', member: 'c' }, 'h', [0])

test('a message that the library throws at costs the connection, and the calls that are pending on it', async (t) => {
  const bus = await startFakeBus(t, {
    answer: ({ member }) => (member === 'A' ? 'silence' : { signature: '', body: [] }),
  })
  const ours = new Bus(bus.address, '/', () => {})
  t.after(() => ours.close())
  const call = (member: string) =>
    ours.call({ destination: 'a.b', path: '/', interface: 'a.b', member }, limits)
  const pending = [call('A'), call('A')].map((one) =>
    assert.rejects(one, { name: 'BusFailure', code: 'garbage' }),
  )
  await waitUntil(() => bus.calls.length === 2)
  bus.broadcast(SIGNAL_OF_H)
  await Promise.all(pending)
  assert.deepEqual(await call('B'), [])
  assert.equal(bus.connections.total, 2)
})

test('a unit is read though the connection gets such a message in the midst of it', async (t) => {
  let isFirst = true
  const bus = await startFakeBus(t, {
    answer: (call) => {
      const given = isFirst ? { bytes: SIGNAL_OF_H } : healthy(call)
      isFirst = false
      return given
    },
  })
  assert.equal((await readerOf(t, bus.address).read('auto', limits)).kind, 'state')
})

test('gives up at once when it is told to', async (t) => {
  const bus = await startFakeBus(t)
  const aborter = new AbortController()
  const reading = readerOf(t, bus.address).read('auto', { ...limits, signal: aborter.signal })
  await waitUntil(() => bus.calls.length === 1)
  aborter.abort()
  assert.equal(causeOf(await reading), 'ListUnitsByNames was cancelled')
  const late = await readerOf(t, bus.address).read('auto', { ...limits, signal: AbortSignal.abort() })
  assert.equal(causeOf(late), 'ListUnitsByNames was cancelled')
})

test('close ends the connection, the call that is under way, and all later ones', async (t) => {
  const bus = await startFakeBus(t)
  const reader = readerOf(t, bus.address)
  const reading = reader.read('auto', limits)
  await waitUntil(() => bus.calls.length === 1)
  reader.close()
  assert.equal(causeOf(await reading), 'the bus was closed by this process')
  await waitUntil(() => bus.connections.open === 0)
  assert.equal(causeOf(await reader.read('auto', limits)), 'the bus was closed by this process')
})

test('neither an idle connection nor a silent bus keeps node alive', async (t) => {
  const bus = await startFakeBus(t, {
    answer: (call) => (call.strings[0] === 'mute.service' ? 'silence' : healthy(call)),
  })
  const { code, output } = await runScript(
    t,
    `
    const reader = new UnitReader('${bus.address}', realClock)
    const limits = { signal: new AbortController().signal, timeoutMs: 200 }
    const show = (reading) => console.log(reading.kind)
    const patient = { ...limits, timeoutMs: 30_000 }
    reader.read('mute', limits).then(show).then(() => reader.read('auto', patient)).then(show)`,
  )
  assert.deepEqual({ code, output }, { code: 0, output: 'unreachable\nstate\n' })
})

/** Runs a script that has a use for unit readers in a process of its own. */
async function runScript(t: TestContext, script: string): Promise<{ code: number | null; output: string }> {
  const imports = `
    import { UnitReader } from './src/collect/systemd/units.ts'
    import { realClock } from './src/lib/clock.ts'`
  const flags = ['--import', 'tsx', '--input-type=module']
  const child = spawn(process.execPath, [...flags, '-e', `${imports}\n${script}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => child.kill('SIGKILL'))
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  const [code] = (await once(child, 'close', { signal: AbortSignal.timeout(60_000) })) as [number | null]
  return { code, output }
}

function withNumber(message: Buffer, at: number, value: number): Buffer {
  message.writeUInt32LE(value, at)
  return message
}

async function waitUntil(isSo: () => boolean): Promise<void> {
  const deadline = Date.now() + 60_000
  while (!isSo()) {
    assert.ok(Date.now() < deadline, 'did not happen within 60 s')
    await sleep(5)
  }
}
