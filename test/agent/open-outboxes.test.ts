import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openOutboxes } from '../../src/agent/open-outboxes.ts'
import { loadText } from '../helpers/load-text.ts'
import { memoryLog } from '../helpers/memory-log.ts'

test('opens many monitors by reading the token of each a few times, not once for each of the others', async (t) => {
  const names = Array.from({ length: 100 }, (_, index) => `m${index}`)
  const tables = names.map((name) => `[[monitor]]\nname = "${name}"\ntoken = "AWbUXTos${name}"\n`)
  const { config } = await loadText(tables.join(''))
  let reads = 0
  for (const target of config.monitors.flatMap(({ push }) => push ?? [])) {
    const { token } = target
    Object.defineProperty(target, 'token', { enumerable: true, get: () => ((reads += 1), token) })
  }
  const outboxes = await openOutboxes({
    config,
    dryRun: false,
    isOneShot: false,
    memories: new Map(),
    log: memoryLog(),
    print: () => {},
    onTold: () => {},
    onMissed: () => {},
  })
  t.after(() => outboxes.close())
  assert.ok(reads >= names.length && reads <= 5 * names.length, `${reads} times`)
})
