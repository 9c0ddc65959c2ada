// What is known of heartbeats where no agent runs to be asked, but cron runs `once`.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeliveryMemory } from '../../../src/agent/note-delivery.ts'
import { checkDelivery } from '../../../src/commands/doctor/check-delivery.ts'
import type { Finding } from '../../../src/commands/doctor/check.ts'
import { EMPTY_MEMORY } from '../../../src/verdict/memory.ts'
import { loadText } from '../../helpers/load-text.ts'

const NOW_MS = Date.UTC(2026, 10, 20, 12)
const CRON = { fields: '* * * * *', rhythm: { everyMs: 60_000, name: 'cron', isPeriod: false } }

async function check(delivery: DeliveryMemory | null, cron: typeof CRON | null = CRON): Promise<Finding> {
  const loaded = await loadText('[[monitor]]\nname = "host"\ntoken = "AWbUXTosJG"\n')
  const deliveries = new Map(delivery === null ? [] : [['kuma', delivery]])
  const remembered = { memory: EMPTY_MEMORY, missed: new Map(), standing: null, deliveries }
  const [finding, ...others] = await checkDelivery({
    loaded,
    askAgent: () => Promise.resolve(null),
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

test('ill: it did not, with what Kuma said', async () => {
  const { result, says } = await check(answered(30_000, 'unknown-monitor', 'Kuma answered 404'))
  assert.deepEqual([result, says], ['failed', 'not delivered 30 s ago, none before: Kuma answered 404'])
})

test('ill: cron has not run it for longer than two of its periods', async () => {
  const { result, says, remedy } = await check(answered(121_000, 'accepted', 'taken'))
  assert.deepEqual([result, says], ['failed', 'cron has not run it for 2 min 1 s, and should by * * * * *'])
  assert.match(remedy ?? '', /^systemctl status cron crond;/)
})

test('unknown before the first run, and without cron', async () => {
  assert.equal((await check(null)).result, 'skipped')
  assert.equal((await check(answered(0, 'accepted', 'taken'), null)).result, 'skipped')
})
