import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { test } from 'node:test'
import type { Delivery } from '../../../src/agent/notifier.ts'
import { judgeAgent, judgeCron } from '../../../src/cli/doctor/delivery.ts'
import type { Finding } from '../../../src/cli/doctor/report.ts'
import { loadText } from '../../helpers/load-text.ts'

const NOW_MS = Date.UTC(2026, 10, 20, 12)
const CRON = { fields: '* * * * *', rhythm: { everyMs: 60_000, name: 'cron', isPeriod: false } }

const check = (delivery: Delivery | null): Finding => judgeCron('host', delivery, CRON, NOW_MS)

const answered = (agoMs: number, kind: Delivery['answer']['kind'], says: string): Delivery => ({
  delivered: null,
  answer: { atMs: NOW_MS - agoMs, kind, says },
})

test('is well where Kuma took what the last run of cron pushed', () => {
  const { result, says, of } = check(answered(30_000, 'accepted', 'taken'))
  assert.deepEqual([result, says, of], ['ok', 'Kuma took the last heartbeat 30 s ago', 'host'])
})

test('fails with the words of Kuma where it did not take it', () => {
  const { result, says } = check(answered(30_000, 'unknown-monitor', 'Kuma answered 404'))
  assert.deepEqual([result, says], ['failed', 'not delivered 30 s ago, none before: Kuma answered 404'])
})

test('fails where cron has not run it for longer than two of its periods', () => {
  const { result, says, remedy } = check(answered(121_000, 'accepted', 'taken'))
  assert.deepEqual([result, says], ['failed', 'cron has not run it for 2 min 1 s, and should by * * * * *'])
  assert.match(remedy ?? '', /^systemctl status cron crond;/)
})

const table = (name: string): string => `[[monitor]]\nname = "${name}"\ntoken_file = "/${name}"\n`
const FILES = {
  'config.toml': `${table('host')}${table('web')}`,
  '/host': 'AWbUXTosJG',
  '/web': 'BWbUXTosJG',
}

/** What is found wrong where an agent that has read `FILES` runs, and they have changed since. */
async function checkStale(changes: Partial<typeof FILES>): Promise<string[]> {
  const load = ({ 'config.toml': toml, ...files }: typeof FILES) => loadText(toml, { files })
  const at = new Date(NOW_MS)
  const { marks } = await load(FILES)
  const files = [...marks].map(([path, mark]) => ({ path, mark }))
  const monitors = ['host', 'web'].map((name) => ({
    name,
    status: 'up' as const,
    since: null,
    message: '',
    deliveries: [],
  }))
  const service = { pid: 700, started_at: at, config: resolve('config.toml'), files, pushes: '' }
  const status = { version: '1', at, service, watches: [], monitors }
  const findings = judgeAgent(status, await load({ ...FILES, ...changes }))
  const failed = findings.filter(({ result }) => result === 'failed')
  for (const { remedy } of failed)
    assert.match(remedy ?? '', /^systemctl reload kuma-supervisor-push; .*pid 700/)
  return failed.map(({ of, says }) => `${of ?? ''}: ${says}`)
}

test('is well where the running agent has read the files as they are', async () => {
  assert.deepEqual(await checkStale({}), [])
})

test('fails where the file, or one with a secret, was written since', async () => {
  const written = (path: string): string => `: ${path} was written after the running agent had read it`
  const longer = `${FILES['config.toml']}stopped = "ok"\n`
  assert.deepEqual(await checkStale({ 'config.toml': longer }), [written(resolve('config.toml'))])
  assert.deepEqual(await checkStale({ '/web': 'CWbUXTosJG' }), [written('/web')])
})

test('names a monitor that came or went, which says more', async () => {
  const [came, went, ...more] = await checkStale({ 'config.toml': table('host').replace('"host"', '"new"') })
  assert.match(came ?? '', /^new: not pushed/)
  assert.match(went ?? '', /^host: still pushed/)
  assert.equal(more.length, 1)
})

test('is unknown before the first run', () => {
  assert.equal(check(null).result, 'skipped')
})
