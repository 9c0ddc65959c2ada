import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { MonitorRecord } from '../../src/agent/state.ts'
import { Targets } from '../../src/agent/targets.ts'
import { realClock } from '../../src/lib/clock.ts'
import type { Snapshot } from '../../src/collect/snapshot.ts'
import { EMPTY_STATE } from '../../src/rules/state.ts'
import { startFakeBus } from '../helpers/fake-bus.ts'
import { fakeSystemd } from '../helpers/fake-systemd.ts'
import { monitorSettings } from '../helpers/snapshots.ts'
import { memoryLog } from '../helpers/memory-log.ts'
import { startRpcServer, xmlAnswer, xmlFault } from '../helpers/rpc-server.ts'

/** A pid that no process has. */
const NOBODY = 4_194_304

const UNIT = {
  id: 'supervisor.service',
  active: 'active',
  sub: 'running',
  properties: { ActiveEnterTimestampMonotonic: ['t', 1_000_000n], MainPID: ['u', NOBODY] },
} as const

/** When the one program was started. */
const START = Math.floor(Date.now() / 1000) - 60

/** A host whose supervisord has this pid, and what it was asked; without a pid nobody listens there. */
async function hostWith(t: TestContext, pid: number | null) {
  const folder = mkdtempSync(join(tmpdir(), 'watches-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const bus = await startFakeBus(t, { answer: fakeSystemd([UNIT]) })
  const asked: string[] = []
  const socketPath = join(folder, 'supervisor.sock')
  const member = (name: string, value: string) =>
    `<member><name>${name}</name><value>${value}</value></member>`
  const int = (value: number) => `<int>${value}</int>`
  const process =
    `<value><struct>${member('name', '<string>web</string>')}${member('state', int(20))}${member('pid', int(7))}` +
    `${member('start', int(START))}${member('now', int(START + 60))}</struct></value>`
  const both = `<array><data><value>${int(pid ?? 0)}</value><value><array><data>${process}</data></array></value></data></array>`
  const config =
    `<value><struct>${member('name', '<string>web</string>')}${member('startsecs', int(60))}` +
    `${member('exitcodes', '<array><data></data></array>')}</struct></value>`
  if (pid !== null) {
    await startRpcServer(
      t,
      (method) => {
        asked.push(method)
        if (method === 'supervisor.getAllConfigInfo')
          return xmlAnswer(`<array><data>${config}</data></array>`)
        return method === 'system.multicall' ? xmlAnswer(both) : xmlFault(1, 'UNKNOWN_METHOD')
      },
      { socketPath },
    )
  }
  return { url: `unix://${socketPath}`, address: bus.address, asked }
}

type Host = Awaited<ReturnType<typeof hostWith>>

/** One snapshot of a one-shot, or the first one of a service. */
async function snapshotOf(
  t: TestContext,
  { url, address }: Host,
  { listens = false }: { listens?: boolean } = {},
): Promise<Snapshot> {
  const access = { username: null, password: null, caFile: null, ownerUid: null, timeoutMs: 60_000 }
  const record: MonitorRecord = {
    state: EMPTY_STATE,
    statusSince: null,
    notifiers: [],
  }
  const targets = await Targets.open({
    config: {
      kumas: [],
      agent: { pushEveryMs: 1, checkEveryMs: 1, schedule: null, stateFile: '/none', onStop: 'none' },
      supervisors: [{ name: 'local', unit: 'auto', url, ...access }],
      monitors: [{ name: 'all', push: null, kumaIntervalMs: null, target: monitorSettings() }],
    },
    env: { DBUS_SYSTEM_BUS_ADDRESS: address },
    records: new Map([['all', record]]),
    clock: realClock,
    log: memoryLog(),
    own: null,
    listens,
    restarting: null,
    mask: (text) => text,
  })
  t.after(() => targets.close())
  const [target] = targets.all
  return (target ?? assert.fail()).collector.snapshot(new AbortController().signal)
}

/** A process of this host that is called supervisord. */
function startNamesake(t: TestContext): number {
  const child = spawn('sleep', ['1000'], { argv0: 'supervisord', stdio: 'ignore' })
  t.after(() => child.kill())
  return child.pid ?? assert.fail()
}

test('systemd tells since when supervisord is up, whether a process of it can be seen or not, and nobody answers', async (t) => {
  for (const pid of [NOBODY, null]) {
    const host = await hostWith(t, pid)
    const { unit, upSeconds } = await snapshotOf(t, host)
    assert.ok(unit.kind === 'state' && unit.unit.activeSeconds !== null)
    assert.equal(upSeconds, unit.unit.activeSeconds)
  }
})

test('the process of a supervisord that is not the main one of the unit tells since when it is up', async (t) => {
  const host = await hostWith(t, startNamesake(t))
  for (const listens of [false, true]) {
    const { upSeconds } = await snapshotOf(t, host, { listens })
    assert.ok(upSeconds !== null && upSeconds < 1_000)
  }
})
