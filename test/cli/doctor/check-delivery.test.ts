// What is known of heartbeats where no agent runs to be asked, but cron runs `once`.
import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { test } from 'node:test'
import type { DeliveryMemory } from '../../../src/agent/note-delivery.ts'
import { checkDelivery } from '../../../src/cli/doctor/check-delivery.ts'
import type { Finding } from '../../../src/cli/doctor/check.ts'
import { EMPTY_STATE } from '../../../src/rules/state.ts'
import { loadText } from '../../helpers/load-text.ts'

const NOW_MS = Date.UTC(2026, 10, 20, 12)
const CRON = { fields: '* * * * *', rhythm: { everyMs: 60_000, name: 'cron', isPeriod: false } }

async function check(
  delivery: DeliveryMemory | null,
  cron: typeof CRON | null = CRON,
  silence: string | null = null,
): Promise<Finding> {
  const loaded = await loadText('[[monitor]]\nname = "host"\ntoken = "AWbUXTosJG"\n')
  const notifiers = [{ kuma: 'kuma', missed: null, delivery }]
  const remembered = { memory: EMPTY_STATE, standing: null, notifiers }
  const [finding, ...others] = await checkDelivery({
    loaded,
    askAgent: () => Promise.resolve({ status: null, silence }),
    cronJob: () => Promise.resolve(cron),
    recall: () => Promise.resolve(new Map([['host', remembered]])),
    wallNow: () => NOW_MS,
  })
  assert.deepEqual(others, [])
  assert.ok(finding)
  return finding
}

const answered = (agoMs: number, kind: DeliveryMemory['answer']['kind'], says: string): DeliveryMemory => ({
  delivered: null,
  answer: { atMs: NOW_MS - agoMs, kind, says },
})

test('well: Kuma took what the last run of cron pushed', async () => {
  const { result, says, of } = await check(answered(30_000, 'accepted', 'taken'))
  assert.deepEqual([result, says, of], ['ok', 'Kuma took the last heartbeat 30 s ago', 'host'])
})

test('ill: an agent runs and does not answer', async () => {
  const { result, says, remedy } = await check(null, null, 'the agent did not answer')
  assert.deepEqual(
    [result, says, remedy],
    ['failed', 'the agent did not answer: it hangs', 'systemctl restart kuma-supervisor-push.service'],
  )
})

test('ill: it did not, with what Kuma said', async () => {
  const { result, says } = await check(answered(30_000, 'unknown-monitor', 'Kuma answered 404'))
  assert.deepEqual([result, says], ['failed', 'not delivered 30 s ago, none before: Kuma answered 404'])
})

test('ill: cron has not run it for longer than two of its periods', async () => {
  const { result, says, remedy } = await check(answered(121_000, 'accepted', 'taken'))
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
  const atMs = new Date(NOW_MS)
  const { marks } = await load(FILES)
  const files = [...marks].map(([path, mark]) => ({ path, mark }))
  const monitors = ['host', 'web'].map((name) => ({
    name,
    status: 'up' as const,
    since: null,
    message: '',
    deliveries: [],
  }))
  const service = { pid: 700, started_at: atMs, config: resolve('config.toml'), files, pushes: '' }
  const findings = await checkDelivery({
    loaded: await load({ ...FILES, ...changes }),
    askAgent: () =>
      Promise.resolve({ status: { version: '1', at: atMs, service, watches: [], monitors }, silence: null }),
    cronJob: () => Promise.resolve(null),
    recall: () => Promise.resolve(new Map()),
    wallNow: () => NOW_MS,
  })
  const failed = findings.filter(({ result }) => result === 'failed')
  for (const { remedy } of failed)
    assert.match(remedy ?? '', /^systemctl reload kuma-supervisor-push; .*pid 700/)
  return failed.map(({ of, says }) => `${of ?? ''}: ${says}`)
}

test('well: the running agent has read the files as they are', async () => {
  assert.deepEqual(await checkStale({}), [])
})

test('ill: the file, or one with a secret, was written since', async () => {
  const written = (path: string): string => `: ${path} was written after the running agent had read it`
  const longer = `${FILES['config.toml']}stopped = "ok"\n`
  assert.deepEqual(await checkStale({ 'config.toml': longer }), [written(resolve('config.toml'))])
  assert.deepEqual(await checkStale({ '/web': 'CWbUXTosJG' }), [written('/web')])
})

test('ill: a monitor came or went, which says more', async () => {
  const [came, went, ...more] = await checkStale({ 'config.toml': table('host').replace('"host"', '"new"') })
  assert.match(came ?? '', /^new: not pushed/)
  assert.match(went ?? '', /^host: still pushed/)
  assert.equal(more.length, 1)
})

test('unknown before the first run, and without cron', async () => {
  assert.equal((await check(null)).result, 'skipped')
  assert.equal((await check(answered(0, 'accepted', 'taken'), null)).result, 'skipped')
})
