import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { UnitReader } from '../../../src/collect/systemd/units.ts'
import { realClock } from '../../../src/lib/clock.ts'
import { startFakeBus } from '../../helpers/fake-bus.ts'
import { fakeSystemd, type FakeUnit } from '../../helpers/fake-systemd.ts'

const limits = { signal: new AbortController().signal, timeoutMs: 10_000 }

/** A reader 61 seconds after the boot of its host. */
function readerOf(t: TestContext, address: string): UnitReader {
  const reader = new UnitReader(address, { ...realClock, now: () => 61_000 })
  t.after(() => reader.close())
  return reader
}

async function readerOver(t: TestContext, units: readonly FakeUnit[]): Promise<UnitReader> {
  return readerOf(t, (await startFakeBus(t, { answer: fakeSystemd(units) })).address)
}

test('reads a service that is up, and not how it ended before', async (t) => {
  const properties: FakeUnit['properties'] = {
    ActiveEnterTimestampMonotonic: ['t', 1_500_000n],
    Result: ['s', 'exit-code'],
    MainPID: ['u', 4_194_304],
    NRestarts: ['u', 3],
    ExecMainStatus: ['i', 127],
  }
  const unit = { id: 'supervisor.service', active: 'active', sub: 'running', properties } as const
  const reader = await readerOver(t, [unit])
  assert.deepEqual(await reader.read('supervisor', limits), {
    kind: 'state',
    unit: {
      name: 'supervisor.service',
      loadState: 'loaded',
      activeState: 'active',
      subState: 'running',
      jobType: '',
      result: '',
      mainPid: 4_194_304,
      restarts: 3,
      execMainStatus: 0,
      activeSeconds: 59.5,
    },
  })
})

test('reads how a service ended', async (t) => {
  const properties: FakeUnit['properties'] = { Result: ['s', 'exit-code'], ExecMainStatus: ['i', 127] }
  const reader = await readerOver(t, [
    { id: 'supervisor.service', active: 'failed', sub: 'failed', properties },
  ])
  const reading = await reader.read('supervisor', limits)
  assert.ok(reading.kind === 'state')
  const { result, execMainStatus, activeSeconds } = reading.unit
  assert.deepEqual(
    { result, execMainStatus, activeSeconds },
    { result: 'exit-code', execMainStatus: 127, activeSeconds: null },
  )
})

test('tells of a job that waits for its turn', async (t) => {
  const reader = await readerOver(t, [{ id: 'supervisor.service', job: 'start' }])
  const reading = await reader.read('supervisor', limits)
  assert.ok(reading.kind === 'state')
  assert.deepEqual([reading.unit.activeState, reading.unit.jobType], ['inactive', 'start'])
})

test('takes what an older systemd does not know as nothing', async (t) => {
  const reader = await readerOver(t, [
    { id: 'x.service', active: 'failed', properties: { Result: ['s', 'signal'] } },
  ])
  const reading = await reader.read('x', limits)
  assert.ok(reading.kind === 'state')
  const { result, restarts, mainPid, execMainStatus, activeSeconds } = reading.unit
  assert.deepEqual(
    { result, restarts, mainPid, execMainStatus },
    { result: 'signal', restarts: 0, mainPid: 0, execMainStatus: 0 },
  )
  assert.equal(activeSeconds, null)
})

test('asks a unit that is no service nothing a service has', async (t) => {
  const bus = await startFakeBus(t, {
    answer: fakeSystemd([{ id: 'a.timer', active: 'active', sub: 'waiting' }]),
  })
  const reading = await readerOf(t, bus.address).read('a.timer', limits)
  assert.ok(reading.kind === 'state')
  assert.deepEqual([reading.unit.subState, reading.unit.result, reading.unit.mainPid], ['waiting', '', 0])
  const asked = bus.calls.map(({ strings }) => strings.join(' '))
  assert.deepEqual(asked, ['a.timer', 'org.freedesktop.systemd1.Unit ActiveEnterTimestampMonotonic'])
})

test('completes a name as systemctl does', async (t) => {
  const bus = await startFakeBus(t, { answer: fakeSystemd([]) })
  const reader = readerOf(t, bus.address)
  const table: [string, string[]][] = [
    ['auto', ['supervisord.service', 'supervisor.service']],
    ['supervisor', ['supervisor.service']],
    ['nginx.service', ['nginx.service']],
    ['backup.timer', ['backup.timer']],
    ['srv-data.mount', ['srv-data.mount']],
    ['php8.2-fpm', ['php8.2-fpm.service']],
    ['worker@3', ['worker@3.service']],
    ['service', ['service.service']],
  ]
  for (const [name, names] of table)
    assert.deepEqual(await reader.read(name, limits), { kind: 'not-found', names }, name)
})

test('auto takes the unit that tells most', async (t) => {
  const rhel = 'supervisord.service'
  const debian = 'supervisor.service'
  const table: [string, FakeUnit[], string][] = [
    ['the only one', [{ id: debian, active: 'failed' }], debian],
    [
      'the first of two that are up',
      [
        { id: debian, active: 'active' },
        { id: rhel, active: 'active' },
      ],
      rhel,
    ],
    ['the one that is up', [{ id: rhel }, { id: debian, active: 'active' }], debian],
    [
      'up, though it reloads',
      [
        { id: rhel, active: 'activating' },
        { id: debian, active: 'reloading' },
      ],
      debian,
    ],
    [
      'starting before failed',
      [
        { id: rhel, active: 'failed' },
        { id: debian, active: 'activating' },
      ],
      debian,
    ],
    ['failed before never started', [{ id: rhel }, { id: debian, active: 'failed' }], debian],
    ['loaded before masked', [{ id: rhel, load: 'masked' }, { id: debian }], debian],
    ['masked, when there is no other', [{ id: rhel, load: 'masked' }], rhel],
    ['running without its file', [{ id: debian, load: 'not-found', active: 'active' }], debian],
  ]
  for (const [what, units, expected] of table) {
    const reading = await (await readerOver(t, units)).read('auto', limits)
    assert.equal(reading.kind === 'state' && reading.unit.name, expected, what)
  }
})

test('asks nobody when the configuration says none', async (t) => {
  const bus = await startFakeBus(t)
  assert.deepEqual(await readerOf(t, bus.address).read('none', limits), { kind: 'not-asked' })
  assert.equal(bus.connections.total, 0)
})

test('keeps one connection for all readings, also for those side by side', async (t) => {
  const bus = await startFakeBus(t, { answer: fakeSystemd([{ id: 'x.service' }]) })
  const reader = readerOf(t, bus.address)
  await Promise.all([reader.read('x', limits), reader.read('auto', limits), reader.read('y', limits)])
  await reader.read('x', limits)
  assert.equal(bus.connections.total, 1)
})

test('does not start anything on a bus without systemd', async (t) => {
  const bus = await startFakeBus(t, { answer: fakeSystemd([{ id: 'x.service' }]) })
  await readerOf(t, bus.address).read('x', limits)
  assert.ok(bus.calls.length > 1)
  for (const call of bus.calls) assert.equal(call.flags & 2, 2, `${call.member} sets NO_AUTO_START`)
})
