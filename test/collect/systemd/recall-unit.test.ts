import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { unitPath } from '../../../src/collect/systemd/unit-path.ts'
import { createUnitReader } from '../../../src/collect/systemd/unit-reader.ts'
import { encodeSignal, type WireCall } from '../../helpers/dbus-wire.ts'
import { eventually } from '../../helpers/eventually.ts'
import { startFakeBus, type FakeAnswer } from '../../helpers/fake-bus.ts'
import { fakeSystemd, type FakeUnit } from '../../helpers/fake-systemd.ts'

const limits = { signal: new AbortController().signal, timeoutMs: 10_000 }
const SYSTEMD = 'org.freedesktop.systemd1'
const MINUTE_NS = 60_000_000_000n

/** A reader that listens, over a systemd with this unit as it is at each moment. */
async function readerOver(
  t: TestContext,
  unit: FakeUnit,
  refuse: (call: WireCall) => FakeAnswer | null = () => null,
) {
  let changes = 0
  const time = { ns: 61_000_000_000n }
  const bus = await startFakeBus(t, {
    answer: (call) => {
      const isForBus = call.member === 'AddMatch' || call.member === 'Subscribe'
      return refuse(call) ?? (isForBus ? { signature: '', body: [] } : fakeSystemd([unit])(call))
    },
  })
  const reader = createUnitReader({
    address: bus.address,
    hrtime: () => time.ns,
    sleep: () => Promise.resolve(),
    onChange: () => void changes++,
  })
  t.after(() => reader.close())
  const told = (count: number) =>
    eventually(
      `${count} changes told`,
      () => changes,
      (known) => known === count,
      { everyMs: 2 },
    )
  return { bus, reader, time, told }
}

const active = (): FakeUnit => ({
  id: 'x.service',
  active: 'active',
  sub: 'running',
  properties: { ActiveEnterTimestampMonotonic: ['t', 1_000_000n], MainPID: ['u', 7] },
})

function changed(id: string): Buffer {
  const of = { path: unitPath(id), interface: 'org.freedesktop.DBus.Properties', member: 'PropertiesChanged' }
  return encodeSignal(of, 's', [`${SYSTEMD}.Unit`])
}

/** A reader that has read an active unit once its changes are told. */
async function listening(t: TestContext, unit = active()) {
  const scene = await readerOver(t, unit)
  await scene.reader.read('x', limits)
  await scene.told(1)
  await scene.reader.read('x', limits)
  return scene
}

test('recalls an active unit whose changes are told, and asks nobody', async (t) => {
  const { bus, reader, time } = await listening(t)
  const read = await reader.read('x', limits)
  const asked = bus.calls.length
  assert.deepEqual(reader.recall('x'), read)
  time.ns += 2_000_000_000n
  const recalled = reader.recall('x')
  assert.ok(recalled?.kind === 'state' && read.kind === 'state')
  assert.equal(recalled.unit.activeSeconds, (read.unit.activeSeconds ?? NaN) + 2)
  assert.equal(bus.calls.length, asked)
})

test('recalls nothing that was read before its changes were told', async (t) => {
  const { reader, told } = await readerOver(t, active())
  assert.equal(reader.recall('x'), null)
  await reader.read('x', limits)
  await told(1)
  assert.equal(reader.recall('x'), null)
})

test('recalls nothing where systemd does not tell its changes', async (t) => {
  const error = { error: 'org.freedesktop.DBus.Error.AccessDenied' }
  const { bus, reader } = await readerOver(t, active(), ({ member }) =>
    member === 'Subscribe' ? error : null,
  )
  for (const times of [1, 2]) {
    await reader.read('x', limits)
    await eventually(
      'it has asked',
      () => bus.calls.filter(({ member }) => member === 'Subscribe').length >= times,
    )
  }
  assert.equal(reader.recall('x'), null)
})

test('reads a unit again after each change of it', async (t) => {
  const { bus, reader, told } = await listening(t)
  bus.broadcast(changed('x.service'))
  await told(2)
  assert.equal(reader.recall('x'), null)
  await reader.read('x', limits)
  assert.notEqual(reader.recall('x'), null)
})

test('does not recall what was read while a change was told', async (t) => {
  let isHeld = false
  let letGo = (): void => {}
  const held = new Promise<void>((resolve) => (letGo = resolve))
  const systemd = fakeSystemd([active()])
  let changes = 0
  const bus = await startFakeBus(t, {
    async answer(call) {
      if (call.member === 'AddMatch' || call.member === 'Subscribe') return { signature: '', body: [] }
      if (isHeld && call.strings.includes('NRestarts')) await held
      return systemd(call)
    },
  })
  const reader = createUnitReader({
    address: bus.address,
    hrtime: () => MINUTE_NS,
    sleep: () => Promise.resolve(),
    onChange: () => void changes++,
  })
  t.after(() => reader.close())
  await reader.read('x', limits)
  await eventually('it listens', () => changes === 1)
  isHeld = true
  const reading = reader.read('x', limits)
  await eventually(
    'it reads',
    () => bus.calls.filter(({ strings }) => strings.includes('NRestarts')).length === 2,
  )
  bus.broadcast(changed('x.service'))
  await eventually('the change is told', () => changes === 2)
  letGo()
  await reading
  assert.equal(reader.recall('x'), null)
})

test('recalls nothing over a connection that was lost, or after another systemd has come', async (t) => {
  const { bus, reader, told } = await listening(t)
  const of = { path: '/org/freedesktop/DBus', interface: 'org.freedesktop.DBus', member: 'NameOwnerChanged' }
  bus.broadcast(encodeSignal(of, 'sss', [SYSTEMD, ':1.0', ':1.9']))
  await told(2)
  assert.equal(reader.recall('x'), null)
  await reader.read('x', limits)
  await told(3)
  await reader.read('x', limits)
  assert.notEqual(reader.recall('x'), null)
  await bus.stop()
  await eventually('the end of the connection is seen', () => reader.recall('x') === null)
})

test('finds after a minute what a signal that got lost would have told', async (t) => {
  const unit = active()
  const { reader, time } = await listening(t, unit)
  unit.active = 'failed'
  time.ns += MINUTE_NS
  assert.notEqual(reader.recall('x'), null)
  time.ns += 1_000_000n
  assert.equal(reader.recall('x'), null)
  const reading = await reader.read('x', limits)
  assert.ok(reading.kind === 'state')
  assert.equal(reading.unit.activeState, 'failed')
})

test('reads a unit each time that is not active, or has a job waiting', async (t) => {
  for (const state of [
    { active: 'inactive' },
    { active: 'activating' },
    { active: 'failed' },
    { job: 'restart' },
  ]) {
    const { reader } = await listening(t, { ...active(), ...state })
    assert.equal(reader.recall('x'), null, JSON.stringify(state))
  }
})

test('recalls nothing where nobody wants to know of changes', async (t) => {
  const bus = await startFakeBus(t, { answer: fakeSystemd([active()]) })
  const reader = createUnitReader({
    address: bus.address,
    hrtime: () => MINUTE_NS,
    sleep: () => Promise.resolve(),
  })
  t.after(() => reader.close())
  await reader.read('x', limits)
  assert.equal(reader.recall('x'), null)
})
