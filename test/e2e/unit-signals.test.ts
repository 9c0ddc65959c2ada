import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { UnitReader } from '../../src/collect/systemd/units.ts'
import { realClock } from '../../src/lib/clock.ts'
import { bootSystem, type BootedSystem } from '../helpers/booted-system.ts'
import { eventually } from '../helpers/eventually.ts'

const limits = { signal: new AbortController().signal, timeoutMs: 10_000 }

suite('the changes of units at a real systemd', () => {
  let host: BootedSystem
  let reader: UnitReader
  let changes = 0

  before(async () => {
    host = await bootSystem()
    writeUnit()
    await sh('systemctl daemon-reload; systemctl start heard')
    reader = new UnitReader(`unix:path=${host.busSocket}`, realClock, host.root)
    reader.subscribe('heard', () => void changes++)
  })
  after(async () => {
    reader.close()
    await host.stop()
  })

  function writeUnit(): void {
    const text = '[Service]\nExecStart=/bin/sleep 1000\nRestart=on-failure\nRestartSec=1h\n'
    writeFileSync(`${host.root}/etc/systemd/system/heard.service`, text)
  }

  async function sh(line: string): Promise<void> {
    const { code, stderr } = await host.run(line)
    assert.equal(code, 0, `${line}: ${stderr}`)
  }

  /** Looks as the agent's poll does until it is subscribed, and waits until all that it had to tell is told. */
  async function listen(): Promise<void> {
    const told = changes
    await eventually(
      'it listens',
      async () => {
        await reader.read('heard', limits)
        return changes > told
      },
      Boolean,
      { everyMs: 200 },
    )
    let last = -1
    while (last !== changes) {
      last = changes
      await sleep(500)
    }
  }

  /** Fails unless what the line does is told without any further look. */
  async function isHeard(line: string): Promise<void> {
    const told = changes
    await sh(line)
    await eventually(`a change by: ${line}`, () => changes > told)
  }

  test('hears a death and a start and a stop by hand', async () => {
    await listen()
    await isHeard('systemctl kill --signal=KILL heard')
    await isHeard('systemctl restart heard')
    await isHeard('systemctl stop heard')
    await isHeard('systemctl start heard')
  })

  test('hears still after a daemon-reload', async () => {
    await sh('systemctl daemon-reload')
    await isHeard('systemctl restart heard')
  })

  test('hears again, after one look, when systemd has executed itself anew', async () => {
    await isHeard('systemctl daemon-reexec')
    await listen()
    await isHeard('systemctl restart heard')
  })

  test('hears again, after one look, when the bus was restarted', async () => {
    await sh('systemctl restart dbus')
    await listen()
    await isHeard('systemctl restart heard')
  })

  test('hears a unit that was removed and added again', async () => {
    await sh('systemctl stop heard')
    rmSync(`${host.root}/etc/systemd/system/heard.service`)
    await sh('systemctl daemon-reload')
    assert.equal((await reader.read('heard', limits)).kind, 'not-found')
    writeUnit()
    await sh('systemctl daemon-reload')
    await isHeard('systemctl start heard')
  })
})
