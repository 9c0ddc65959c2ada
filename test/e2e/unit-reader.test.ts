import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { after, before, beforeEach, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { UnitReader, type UnitReading, type UnitState } from '../../src/collect/systemd/units.ts'
import { realClock } from '../../src/lib/clock.ts'
import { bootSystem, type BootedSystem } from '../helpers/booted-system.ts'

const limits = { signal: new AbortController().signal, timeoutMs: 10_000 }

suite('the unit reader at a real systemd', () => {
  let host: BootedSystem
  let reader: UnitReader

  before(async () => {
    host = await bootSystem()
    // Debian waits 50 s before it starts a dead supervisord again.
    await writeUnit('supervisor.service.d/test.conf', '[Service]\nRestartSec=5')
    reader = new UnitReader(`unix:path=${host.busSocket}`, realClock, host.root)
  })
  after(async () => {
    reader.close()
    await host.stop()
  })
  beforeEach(async () => {
    await sh('systemctl reset-failed; systemctl restart supervisor.service')
    // Its stop command fails while it starts.
    await sh('until supervisorctl pid | grep -q "^[0-9]"; do sleep 0.1; done')
  })

  test('never shows a restart as a unit that is dead: between stop and start its start is queued', async () => {
    const seen = new Set<string>()
    for (let count = 0; count < 3; count += 1) {
      await sh('systemctl reset-failed; until supervisorctl pid | grep -q "^[0-9]"; do sleep 0.1; done')
      const over = new AbortController()
      const restarted = sh('systemctl restart supervisor.service').finally(() => over.abort())
      while (!over.signal.aborted) {
        const { activeState, jobType } = stateOf(await reader.read('supervisor', limits))
        seen.add(`${activeState} ${jobType}`.trim())
      }
      await restarted
    }
    assert.ok(!seen.has('inactive') && !seen.has('failed'), [...seen].join(', '))
    assert.ok(seen.size > 1, `nothing but ${[...seen].join()} was seen`)
  })

  test('finds the running supervisor by itself, as systemctl shows it', async () => {
    const unit = stateOf(await reader.read('auto', limits))
    assert.equal(unit.name, 'supervisor.service')
    assert.equal(unit.loadState, 'loaded')
    assert.equal(unit.subState, 'running')
    assert.equal(unit.result, '')
    assert.equal(String(unit.mainPid), await show('supervisor', 'MainPID'))
    assert.ok(
      unit.activeSeconds !== null && unit.activeSeconds > 0 && unit.activeSeconds < 600,
      String(unit.activeSeconds),
    )
    assert.deepEqual(
      { ...stateOf(await reader.read('supervisor', limits)), activeSeconds: 0 },
      { ...unit, activeSeconds: 0 },
    )
  })

  test('sees a stop by hand', async () => {
    await sh('systemctl stop supervisor')
    const unit = stateOf(await reader.read('auto', limits))
    assert.deepEqual([unit.activeState, unit.subState, unit.mainPid], ['inactive', 'dead', 0])
    assert.equal(unit.activeSeconds, null)
  })

  test('sees kill -9, the wait for the restart, and the restart counted', async () => {
    const first = stateOf(await reader.read('auto', limits))
    await sh(`kill -9 ${first.mainPid}`)
    const waiting = await readUntil('auto', (unit) => unit.subState === 'auto-restart')
    assert.deepEqual(
      [waiting.activeState, waiting.result, waiting.execMainStatus],
      ['activating', 'signal', 9],
    )
    const again = await readUntil('auto', (unit) => unit.activeState === 'active')
    assert.equal(again.restarts, first.restarts + 1)
    assert.notEqual(again.mainPid, first.mainPid)
  })

  test('sees a unit that failed, with the exit status', async () => {
    await writeUnit('broken.service', '[Service]\nExecStart=/bin/sh -c "exit 3"')
    await sh('systemctl start broken')
    const unit = await readUntil('broken', ({ activeState }) => activeState === 'failed')
    assert.deepEqual([unit.result, unit.execMainStatus, unit.mainPid], ['exit-code', 3, 0])
  })

  test('sees a unit that cannot be read, and a masked one', async () => {
    await writeUnit('wrong.service', '[Service]\nExecStart=not-absolute/')
    assert.equal(stateOf(await reader.read('wrong', limits)).loadState, 'bad-setting')
    await sh('systemctl mask hidden.service')
    assert.equal(stateOf(await reader.read('hidden', limits)).loadState, 'masked')
  })

  test('resolves an alias, and prefers the unit that runs', async () => {
    await sh(
      'ln -s /lib/systemd/system/supervisor.service /etc/systemd/system/supervisord.service; systemctl daemon-reload',
    )
    assert.equal(stateOf(await reader.read('supervisord', limits)).name, 'supervisor.service')
    assert.equal(stateOf(await reader.read('auto', limits)).name, 'supervisor.service')

    await sh('rm /etc/systemd/system/supervisord.service')
    await writeUnit('supervisord.service', '[Service]\nExecStart=/bin/sleep 1000')
    assert.equal(stateOf(await reader.read('auto', limits)).name, 'supervisor.service')
    await sh('systemctl stop supervisor; systemctl start supervisord')
    assert.equal(stateOf(await reader.read('auto', limits)).name, 'supervisord.service')
    await sh(
      'systemctl stop supervisord; rm /etc/systemd/system/supervisord.service; systemctl daemon-reload',
    )
    assert.equal(stateOf(await reader.read('auto', limits)).name, 'supervisor.service')
  })

  test('reads units of other kinds', async () => {
    await writeUnit('tick.timer', '[Timer]\nOnCalendar=daily\nUnit=tick.service')
    await writeUnit('tick.service', '[Service]\nExecStart=/bin/true')
    await sh('systemctl start tick.timer')
    const timer = stateOf(await reader.read('tick.timer', limits))
    assert.deepEqual(
      [timer.activeState, timer.subState, timer.result, timer.mainPid],
      ['active', 'waiting', '', 0],
    )
    assert.equal(stateOf(await reader.read('tmp.mount', limits)).subState, 'mounted')
    assert.equal(stateOf(await reader.read('multi-user.target', limits)).activeState, 'active')
  })

  test('says not-found for a name systemd does not know, or that is none', async () => {
    for (const [name, full] of [
      ['nothing', 'nothing.service'],
      ['no such thing', 'no such thing.service'],
      ['*', '*.service'],
    ]) {
      assert.deepEqual(await reader.read(name ?? '', limits), { kind: 'not-found', names: [full] })
    }
  })

  test('sees a unit come, go and come back', async () => {
    assert.equal((await reader.read('late', limits)).kind, 'not-found')
    await writeUnit('late.service', '[Service]\nExecStart=/bin/sleep 1000')
    assert.equal(stateOf(await reader.read('late', limits)).activeState, 'inactive')
    await sh('systemctl start late; rm /etc/systemd/system/late.service; systemctl daemon-reload')
    const orphan = stateOf(await reader.read('late', limits))
    assert.deepEqual([orphan.loadState, orphan.activeState], ['not-found', 'active'])
    await sh('systemctl stop late')
    assert.equal((await reader.read('late', limits)).kind, 'not-found')
  })

  test('gets over daemon-reload and daemon-reexec', async () => {
    await reader.read('auto', limits)
    for (const command of ['daemon-reload', 'daemon-reexec']) {
      const isDone = sh(`systemctl ${command}`)
      for (let look = 0; look < 20; look++) {
        assert.equal(stateOf(await reader.read('auto', limits)).activeState, 'active', command)
      }
      await isDone
      assert.equal(stateOf(await reader.read('auto', limits)).activeState, 'active', command)
    }
  })

  test('gets over a restart and a kill of the bus', async () => {
    await reader.read('auto', limits)
    for (const command of ['systemctl restart dbus.service', 'systemctl kill -s KILL dbus.service']) {
      await sh(command)
      const unit = await readUntil('auto', ({ activeState }) => activeState === 'active')
      assert.equal(unit.name, 'supervisor.service', command)
    }
  })

  test('names a frozen bus and a frozen systemd, and goes on when they thaw', async () => {
    await reader.read('auto', limits)
    const busPid = await show('dbus', 'MainPID')
    const frozen: [string, () => Promise<unknown>, () => Promise<unknown>][] = [
      ['bus', () => sh(`kill -STOP ${busPid}`), () => sh(`kill -CONT ${busPid}`)],
      ['systemd', () => signalLeader('SIGSTOP'), () => signalLeader('SIGCONT')],
    ]
    for (const [what, freeze, thaw] of frozen) {
      await freeze()
      for (let look = 0; look < 2; look++) {
        const reading = await reader.read('auto', { ...limits, timeoutMs: 300 })
        const cause = `ListUnitsByNames timed out after 300 ms at ${host.busSocket}`
        assert.deepEqual(reading, { kind: 'unreachable', cause }, what)
      }
      await thaw()
      assert.equal(stateOf(await reader.read('auto', limits)).activeState, 'active', what)
    }
  })

  test('may be asked by any user', async () => {
    const script = `
      import { UnitReader } from '${process.cwd()}/src/collect/systemd/units.ts'
      import { realClock } from '${process.cwd()}/src/lib/clock.ts'
      const reader = new UnitReader(null, realClock)
      const limits = { signal: new AbortController().signal, timeoutMs: 10_000 }
      reader.read('auto', limits).then((reading) => console.log(process.getuid(), JSON.stringify(reading)))`
    const tsx = import.meta.resolve('tsx')
    const command = [process.execPath, '--import', tsx, '--input-type=module', '-e', script]
    const { stdout, stderr } = await host.run(command, { user: 'nobody' })
    assert.match(stdout, /^65534 \{"kind":"state","unit":\{"name":"supervisor\.service"/, stderr)
  })

  async function sh(line: string): Promise<void> {
    const { code, stderr } = await host.run(line)
    assert.equal(code, 0, `${line}: ${stderr}`)
  }

  function signalLeader(signal: NodeJS.Signals): Promise<void> {
    process.kill(host.leaderPid, signal)
    return Promise.resolve()
  }

  async function writeUnit(name: string, text: string): Promise<void> {
    await sh(`mkdir -p "$(dirname /etc/systemd/system/${name})"`)
    writeFileSync(`${host.root}/etc/systemd/system/${name}`, `${text}\n`)
    await sh('systemctl daemon-reload')
  }

  async function show(unit: string, property: string): Promise<string> {
    return (await host.run(['systemctl', 'show', '--value', '-p', property, unit])).stdout.trim()
  }

  async function readUntil(name: string, isSo: (unit: UnitState) => boolean): Promise<UnitState> {
    const deadline = Date.now() + 30_000
    for (;;) {
      const reading = await reader.read(name, limits)
      if (reading.kind === 'state' && isSo(reading.unit)) return reading.unit
      assert.ok(Date.now() < deadline, `did not happen within 30 s: ${JSON.stringify(reading)}`)
      await sleep(20)
    }
  }
})

function stateOf(reading: UnitReading): UnitState {
  assert.ok(reading.kind === 'state', JSON.stringify(reading))
  return reading.unit
}
