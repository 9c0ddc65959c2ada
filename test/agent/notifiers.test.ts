import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Notifiers } from '../../src/agent/notifiers.ts'
import { loadText } from '../helpers/load-text.ts'
import { ManualClock } from '../helpers/manual-clock.ts'
import { memoryLog } from '../helpers/memory-log.ts'

test('many monitors are opened by reading the token of each a few times, not once for each of the others', async (t) => {
  const names = Array.from({ length: 100 }, (_, index) => `m${index}`)
  const tables = names.map((name) => `[[monitor]]\nname = "${name}"\ntoken = "AWbUXTos${name}"\n`)
  const { config } = await loadText(tables.join(''))
  let reads = 0
  for (const target of config.monitors.flatMap(({ push }) => push ?? [])) {
    const { token } = target
    Object.defineProperty(target, 'token', { enumerable: true, get: () => ((reads += 1), token) })
  }
  const parts = { config, records: new Map(), clock: new ManualClock(), log: memoryLog() }
  const notifiers = await Notifiers.open(parts)
  t.after(() => notifiers.close())
  assert.ok(reads >= names.length && reads <= 5 * names.length, `${reads} times`)
})

test('a dry run prints each heartbeat in place of pushing it', async (t) => {
  const { config } = await loadText('[[monitor]]\nname = "celery"\n', { flags: { dryRun: true } })
  const log = memoryLog()
  const printed: string[] = []
  const parts = { config, records: new Map(), clock: new ManualClock(), log }
  const notifiers = Notifiers.dryRun(parts, (text) => printed.push(text))
  t.after(() => notifiers.close())
  const notifier = notifiers.of('celery')
  for (const ping of [0.2, null]) {
    const verdict = { status: 'up', message: '12 of 12 running', ping } as const
    void notifier.offer({ verdict, restartsUntilMs: null, content: null })
    assert.equal(await notifier.settled(), true)
  }
  assert.match(
    printed.join(''),
    /^\d\d:\d\d:\d\d {2}up {4}celery: 12 of 12 running \(1 ms\)\n\S+ {2}up {4}celery: 12 of 12 running\n$/,
  )
  assert.deepEqual(log.lines, [])
})
