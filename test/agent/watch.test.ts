import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Bell } from '../../src/agent/bell.ts'
import { CheckPeriod } from '../../src/agent/check-period.ts'
import { Monitor } from '../../src/agent/monitor.ts'
import type { RestartOutcome } from '../../src/agent/restart-outcome.ts'
import { Restarts } from '../../src/agent/restarts.ts'
import { round } from '../../src/agent/watch.ts'
import { answered, program, rules } from '../helpers/snapshots.ts'
import { ManualClock } from '../helpers/manual-clock.ts'
import { memoryLog } from '../helpers/memory-log.ts'

const MB = 1024 * 1024
const OLD = answered([program('worker', 'RUNNING')])
const MIDWAY = answered([program('worker', 'STOPPED', { stop: 1_700_000_050 })])
const NEW = answered([program('worker', 'RUNNING', { start: 1_700_000_060, pid: 1235 })])

it('looks again where a restart of its own has ended during the look, which saw the program stopped', async () => {
  const clock = new ManualClock()
  const log = memoryLog()
  let end: (outcome: RestartOutcome) => void = () => assert.fail('nothing is being restarted')
  const ended = new Promise<RestartOutcome>((resolve) => (end = resolve))
  const seen = [OLD, OLD, MIDWAY, NEW]
  let used = 600 * MB
  const monitor = new Monitor('local', rules({ memoryBytes: 512 * MB, onFailure: 'restart' }))
  const watch = {
    name: 'local',
    doors: {
      readUnit: async () => ({ kind: 'not-asked' }) as const,
      recallUnit: () => null,
      async readSupervisor() {
        const reading = seen.shift() ?? assert.fail('it looks once too often')
        if (reading === MIDWAY) {
          used = 10 * MB
          end({ kind: 'restarted' })
          await clock.advance(0)
        }
        return reading
      },
      readUpSeconds: async () => null,
      readMemory: async () =>
        ({ kind: 'read', bytes: new Map([1234, 1235].map((pid) => [pid, used])) }) as const,
      readHttp: async () => new Map(),
      readStderr: async () => new Map(),
    },
    bell: new Bell(),
    checks: new CheckPeriod(5_000),
    monitors: [monitor],
    restart: () => ended,
  }
  const nothing = (): void => {}
  const restarts = new Restarts(watch.restart, { clock, log, onBegin: nothing, onEnd: nothing })
  const signal = new AbortController().signal
  for (let look = 0; look < 3; look += 1) {
    await round(watch, { clock, log, onChange: nothing, restarts }, signal)
    await clock.advance(5_000)
  }
  assert.deepEqual(seen, [])
  assert.match(monitor.verdict?.message ?? '', /^1 of 1 running · restarted worker/)
})
