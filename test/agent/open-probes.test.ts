import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SupervisorTarget } from '../../src/config/config.ts'
import { openProbes } from '../../src/agent/open-probes.ts'
import { failed, monitorSettings } from '../helpers/snapshots.ts'
import { memoryLog } from '../helpers/memory-log.ts'

test('considers each of many pages once in a look', async (t) => {
  let considered = 0
  const targets = Array.from({ length: 50 }, (_, index): SupervisorTarget => {
    const http = {
      url: `http://127.0.0.1:1/${index}`,
      status: [200],
      body: null,
      timeoutMs: 1_000,
      get when() {
        considered += 1
        return 'running' as const
      },
    }
    const target = monitorSettings({ http })
    return target.kind === 'supervisor' ? target : assert.fail()
  })
  const probes = openProbes({
    name: 'local',
    door: { isLocal: () => true, readStderr: () => Promise.resolve(new Map()) },
    targets,
    log: memoryLog(),
    mask: (text) => text,
  })
  t.after(() => probes.close())
  // Where supervisord does not answer, none of them is asked.
  const read = await probes.readHttp(failed('refused'), new AbortController().signal)
  assert.deepEqual([read.size, considered], [0, targets.length])
})
