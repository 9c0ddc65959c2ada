import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { UnitReader } from '../../../src/collect/systemd/units.ts'
import { realClock } from '../../../src/lib/clock.ts'
import { encodeSignal, type WireCall } from '../../helpers/dbus-wire.ts'
import { eventually } from '../../helpers/eventually.ts'
import { startFakeBus, type FakeAnswer, type FakeBus } from '../../helpers/fake-bus.ts'
import { fakeSystemd, pathOf } from '../../helpers/fake-systemd.ts'

const limits = { signal: new AbortController().signal, timeoutMs: 10_000 }
const SYSTEMD = 'org.freedesktop.systemd1'

const units = fakeSystemd([{ id: 'x.service', active: 'active' }])
const welcoming = (call: WireCall): FakeAnswer =>
  call.member === 'AddMatch' || call.member === 'Subscribe' ? { signature: '', body: [] } : units(call)

/** A reader with what it was told of changes. */
function listeningReader(t: TestContext, bus: FakeBus) {
  const changes: string[] = []
  const reader = new UnitReader(bus.address, realClock)
  for (const unit of ['x', 'x.service']) reader.subscribe(unit, () => void changes.push(unit))
  t.after(() => reader.close())
  const told = (count: number) =>
    eventually(
      `${count} changes told`,
      () => changes.length,
      (length) => length === count,
      { everyMs: 2 },
    )
  return { reader, changes, told }
}

function changed(id: string): Buffer {
  const of = { path: pathOf(id), interface: 'org.freedesktop.DBus.Properties', member: 'PropertiesChanged' }
  return encodeSignal(of, 's', [`${SYSTEMD}.Unit`])
}

const countOf = (bus: FakeBus, member: string): number =>
  bus.calls.filter((call) => call.member === member).length

test('tells a change of a unit that was read, by the name it was read by', async (t) => {
  const bus = await startFakeBus(t, { answer: welcoming })
  const { reader, changes, told } = listeningReader(t, bus)
  await reader.read('x', limits)
  await told(1)
  bus.broadcast(changed('y.service'))
  bus.broadcast(changed('x.service'))
  await told(2)
  assert.deepEqual(changes, ['x', 'x'])
})

test('asks for the signals of exactly that unit, once for all readings', async (t) => {
  const bus = await startFakeBus(t, { answer: welcoming })
  const { reader, told } = listeningReader(t, bus)
  await reader.read('x', limits)
  await told(1)
  await reader.read('x', limits)
  await reader.read('x.service', limits)
  await told(2)
  const rules = bus.calls.filter(({ member }) => member === 'AddMatch').flatMap(({ strings }) => strings)
  assert.equal(rules.length, 2)
  assert.match(
    rules[0] ?? '',
    /^type='signal',sender='org\.freedesktop\.systemd1',.*,path='\/org\/freedesktop\/systemd1\/unit\/x_service'/,
  )
  assert.equal(countOf(bus, 'Subscribe'), 1)
})

test('listens again, from the next reading on, after the connection was lost', async (t) => {
  const bus = await startFakeBus(t, { answer: welcoming })
  const { reader, changes, told } = listeningReader(t, bus)
  await reader.read('x', limits)
  await told(1)
  await bus.stop()
  const again = await startFakeBus(t, { answer: welcoming, socketPath: bus.socketPath })
  await reader.read('x', limits)
  await told(2)
  again.broadcast(changed('x.service'))
  await told(3)
  assert.deepEqual(changes, ['x', 'x', 'x'])
})

test('subscribes again when another systemd owns the name, and takes that for a change', async (t) => {
  const bus = await startFakeBus(t, { answer: welcoming })
  const { reader, told } = listeningReader(t, bus)
  await reader.read('x', limits)
  await told(1)
  const of = { path: '/org/freedesktop/DBus', interface: 'org.freedesktop.DBus', member: 'NameOwnerChanged' }
  bus.broadcast(encodeSignal(of, 'sss', [SYSTEMD, ':1.0', ':1.9']))
  await told(2)
  await reader.read('x', limits)
  await told(3)
  assert.equal(countOf(bus, 'Subscribe'), 2)
})

test('reads all the same where it may not listen, and asks again at the next reading', async (t) => {
  let may = false
  const refusal = { error: 'org.freedesktop.DBus.Error.AccessDenied' }
  const bus = await startFakeBus(t, {
    answer: (call) => (call.member === 'Subscribe' && !may ? refusal : welcoming(call)),
  })
  const { reader, changes, told } = listeningReader(t, bus)
  assert.equal((await reader.read('x', limits)).kind, 'state')
  await eventually('it has asked', () => countOf(bus, 'Subscribe') === 1)
  assert.equal((await reader.read('x', limits)).kind, 'state')
  await eventually('it has asked again', () => countOf(bus, 'Subscribe') === 2)
  assert.deepEqual(changes, [])
  may = true
  await reader.read('x', limits)
  await told(1)
})

test('takes it for granted when it is subscribed already', async (t) => {
  const error = `${SYSTEMD}.AlreadySubscribed`
  const bus = await startFakeBus(t, {
    answer: (call) => (call.member === 'Subscribe' ? { error } : welcoming(call)),
  })
  const { reader, told } = listeningReader(t, bus)
  await reader.read('x', limits)
  await told(1)
})

test('listens to nothing when nobody wants to know', async (t) => {
  const bus = await startFakeBus(t, { answer: welcoming })
  const reader = new UnitReader(bus.address, realClock)
  t.after(() => reader.close())
  await reader.read('x', limits)
  await reader.read('x', limits)
  assert.equal(countOf(bus, 'AddMatch') + countOf(bus, 'Subscribe'), 0)
})
