import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { Collector, type Sources } from '../../src/collect/snapshot.ts'
import type { SupervisorTarget } from '../../src/config/config.ts'
import { freePort } from '../helpers/free-port.ts'
import { memoryLog } from '../helpers/memory-log.ts'
import { openClient } from '../helpers/open-client.ts'
import { startRpcServer, xmlAnswer } from '../helpers/rpc-server.ts'
import { monitorSettings, unitState } from '../helpers/snapshots.ts'

const UNIT = unitState({ mainPid: 7, activeSeconds: 60 })
const { signal } = new AbortController()

function settings(more: Parameters<typeof monitorSettings>[0]): SupervisorTarget {
  const target = monitorSettings(more)
  return target.kind === 'supervisor' ? target : assert.fail()
}

function open(t: TestContext, more: Partial<Sources>) {
  const log = memoryLog()
  const collector = new Collector({
    name: 'local',
    unit: 'auto',
    unitTimeoutMs: 10_000,
    units: { read: () => Promise.resolve(UNIT), subscribe() {} },
    supervisor: null,
    settings: [],
    wake: null,
    log,
    mask: (text) => text,
    ...more,
  })
  t.after(() => collector.close())
  return { collector, log }
}

/** A supervisord of this pid, over TCP, with one program that runs. */
async function supervisordOf(t: TestContext, pid: number) {
  const member = (name: string, value: string) =>
    `<member><name>${name}</name><value>${value}</value></member>`
  const web = `<value><struct>${member('name', '<string>web</string>')}${member('state', '<int>20</int>')}${member('pid', '<int>70</int>')}</struct></value>`
  const both = `<array><data><value><int>${pid}</int></value><value><array><data>${web}</data></array></value></data></array>`
  const { url } = await startRpcServer(t, () => xmlAnswer(both))
  return openClient(t, url)
}

test('supervisord has been up as long as its unit where it is the main process, and where it does not answer', async (t) => {
  for (const [supervisor, expected] of [
    [await supervisordOf(t, 7), 60],
    [await supervisordOf(t, 8), null],
    [openClient(t, `http://127.0.0.1:${await freePort()}`), 60],
    [null, 60],
  ] as const) {
    assert.equal((await open(t, { supervisor }).collector.snapshot(signal)).upSeconds, expected)
  }
})

test('a page is asked while a program of its monitor runs, or always where it is to be', async (t) => {
  const urlOf = async () => `http://127.0.0.1:${await freePort()}/`
  const check = (url: string, when: 'running' | 'always') => ({
    url,
    status: [200],
    body: null,
    timeoutMs: 10_000,
    when,
  })
  const [running, always, ofNobody] = await Promise.all([urlOf(), urlOf(), urlOf()])
  const monitors = [
    settings({ http: check(running, 'running') }),
    settings({ http: check(always, 'always') }),
    settings({ http: check(ofNobody, 'running'), programs: ['nobody'] }),
  ]
  for (const [supervisor, asked] of [
    [await supervisordOf(t, 7), [running, always]],
    [openClient(t, await urlOf()), [always]],
  ] as const) {
    const { http } = await open(t, { supervisor, settings: monitors }).collector.snapshot(signal)
    assert.deepEqual([...http.keys()], asked)
    for (const reading of http.values()) assert.equal(reading.kind, 'failed')
  }
})

test('memory that cannot be read is a value, and is warned of once', async (t) => {
  const supervisor = await supervisordOf(t, 7)
  const { collector, log } = open(t, { supervisor, settings: [settings({ memoryBytes: 1 })] })
  const why = 'supervisord is asked over TCP; give its socket file as url'
  for (let check = 0; check < 2; check++)
    assert.deepEqual((await collector.snapshot(signal)).memory, { kind: 'failed', why })
  assert.deepEqual(log.lines, [`warn: local: memory limit cannot be checked: ${why}`])
})
