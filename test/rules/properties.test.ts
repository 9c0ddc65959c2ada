// What must hold for every sequence of snapshots; generated from seeds that the name of a failure tells.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { RpcFailureReason } from '../../src/collect/supervisor/rpc-reading.ts'
import type { ProcessInfo } from '../../src/collect/supervisor/process-info.ts'
import { cut, MESSAGE_LIMIT, oneLine } from '../../src/lib/text.ts'
import { judge, type Settings } from '../../src/rules/judge.ts'
import type { Snapshot } from '../../src/collect/snapshot.ts'
import { EMPTY_STATE } from '../../src/rules/state.ts'
import {
  answered,
  failed,
  snapshot,
  program,
  programConfig,
  monitorSettings,
  unitState,
} from '../helpers/snapshots.ts'
import { Observer } from '../helpers/observer.ts'
import { anySnapshot, pick, URL_OF_CHECK } from '../helpers/random-snapshots.ts'
import { seededRandom } from '../helpers/seeded-random.ts'

const SEEDS = Array.from({ length: 60 }, (_, index) => index + 1)

const RULES: readonly Settings[] = [
  monitorSettings(),
  monitorSettings({ stopped: 'ok', minRunning: 2 }),
  monitorSettings({ programs: ['*', 'web:*', '[!a]?'], exclude: ['x*'] }),
  monitorSettings({ programs: ['absent'], minRunning: 0 }),
  monitorSettings({
    memoryBytes: 1000,
    http: { url: URL_OF_CHECK, status: [200], body: 'ok', timeoutMs: 1000, when: 'running' },
    onFailure: 'restart',
    restartCooldownMs: 10_000,
    logTail: true,
  }),
  { kind: 'unit', unit: 'nginx.service' },
]

/** Runs the property for each seed and each rule set. */
function forAll(property: (random: () => number, ruleSet: Settings) => void): void {
  for (const seed of SEEDS) {
    RULES.forEach((ruleSet, index) => {
      try {
        property(seededRandom(seed * 100 + index), ruleSet)
      } catch (error) {
        throw new Error(`seed ${seed}, rules ${index}: ${String(error)}`, { cause: error })
      }
    })
  }
}

describe('whatever is seen', () => {
  it('a verdict comes, of one printable line, not empty and not too long', () => {
    forAll((random, ruleSet) => {
      const observer = new Observer(ruleSet)
      for (let count = 0; count < 30; count += 1) {
        const { verdict } = observer.see(anySnapshot(random), random() * 100)
        if (verdict === null) continue
        const { message } = verdict
        assert.ok(message.length > 0 && message.length <= MESSAGE_LIMIT, message)
        assert.ok(message.isWellFormed())
        assert.equal(oneLine(message), message)
        assert.doesNotMatch(message, /undefined|null|\[object/)
      }
    })
  })

  it('asking once more at the same moment changes nothing', () => {
    forAll((random, ruleSet) => {
      const seldom = new Observer(ruleSet)
      const often = new Observer(ruleSet)
      let first = true
      for (let count = 0; count < 30; count += 1) {
        const seen = anySnapshot(random)
        const afterSeconds = random() * 400
        const one = seldom.see(seen, afterSeconds).verdict
        const two = often.see(seen, afterSeconds).verdict
        if (!first) assert.equal(two?.status, one?.status)
        first = false
        for (let again = 0; again < 3; again += 1) {
          assert.equal(often.see(seen, 0).verdict?.status, one?.status, one?.message)
        }
      }
    })
  })

  it('the same snapshots give the same verdicts, from any state', () => {
    forAll((random, ruleSet) => {
      const seen = Array.from({ length: 20 }, () => anySnapshot(random))
      const replay = (): string[] => {
        let state = EMPTY_STATE
        return seen.map((one, index) => {
          const judgement = judge(one, state, ruleSet, index * 5_000)
          state = judgement.state
          return JSON.stringify(judgement.verdict)
        })
      }
      assert.deepEqual(replay(), replay())
    })
  })
})

describe('a text that is cut', () => {
  it('loses whole characters only', () => {
    const characters = ['a', 'ß', '東', '🔴', '👩‍👩‍👧‍👦', 'e\u0301', '🇩🇪', ' ']
    for (const seed of SEEDS) {
      const random = seededRandom(seed)
      const text = Array.from({ length: 100 }, () => pick(random, characters)).join('')
      const limit = 20 + Math.floor(random() * 230)
      const short = cut(text, limit)
      assert.ok(short.length <= limit)
      if (short === text) continue
      const whole = Array.from(new Intl.Segmenter().segment(text), ({ segment }) => segment)
      const kept = Array.from(new Intl.Segmenter().segment(short.slice(0, -1)), ({ segment }) => segment)
      assert.deepEqual(kept, whole.slice(0, kept.length), `seed ${seed}`)
    }
  })
})

/** A host on which all is well: nothing of what it shows may ever be an alarm. */
function wellSnapshot(random: () => number, start: readonly number[]): Snapshot {
  const names = ['web', 'celery:a', 'celery:b', 'batch', 'idle']
  const processes: ProcessInfo[] = names.map((name, index) => {
    const at = { start: start[index] ?? 0, pid: 100 + index }
    if (name === 'idle') return program(name, 'STOPPED', { start: 0 })
    if (name === 'batch') return program(name, 'EXITED', { ...at, pid: 0 })
    return program(name, 'RUNNING', at)
  })
  const unit = pick(random, [
    unitState(),
    unitState({ activeState: 'reloading' }),
    unitState({ activeState: 'inactive', subState: 'dead' }),
    { kind: 'no-systemd' } as const,
    { kind: 'unreachable', cause: 'D-Bus timed out' } as const,
  ])
  return snapshot(unit, answered(processes, null, { now: 1_700_000_000 + random() * 1e6 }), random() * 1e6)
}

describe('a steady healthy host', () => {
  it('never goes down, however often and seldom it is checked', () => {
    for (const seed of SEEDS) {
      const random = seededRandom(seed)
      const observer = new Observer(monitorSettings())
      for (let count = 0; count < 200; count += 1) {
        const { verdict } = observer.see(wellSnapshot(random, [1, 2, 3, 4]), random() ** 4 * 3_600)
        assert.equal(verdict?.status, 'up', `seed ${seed}: ${verdict?.message}`)
      }
    }
  })

  it('does not go down by deploys within the times that are configured', () => {
    const configs = ['web', 'mail'].map((name) => programConfig(name, { startsecs: 12, stopwaitsecs: 20 }))
    for (const seed of SEEDS) {
      const random = seededRandom(seed)
      const observer = new Observer(monitorSettings())
      const everySeconds = 0.2 + random() * 5
      let start = 1_700_000_000
      const stay = (web: ProcessInfo['state'], seconds: number): void => {
        const pid = web === 'RUNNING' || web === 'STARTING' ? start : web === 'STOPPING' ? start - 1 : 0
        const seen = snapshot(
          unitState(),
          answered([program('web', web, { start, pid }), program('mail', 'RUNNING')], configs, {
            events: [{ name: 'web', kind: 'stopped' }],
          }),
        )
        for (let passed = 0; passed < seconds; passed += everySeconds) {
          const { verdict } = observer.see(seen, everySeconds)
          assert.equal(verdict?.status, 'up', `seed ${seed}: ${verdict?.message}`)
        }
      }
      stay('RUNNING', 20)
      for (let deploy = 0; deploy < 10; deploy += 1) {
        stay('STOPPING', random() * 18)
        stay('STOPPED', Math.min(random() * 2, everySeconds))
        start += 100
        stay('STARTING', random() * 10)
        stay('RUNNING', random() * 60)
      }
    }
  })
})

const INACTIVE = unitState({ activeState: 'inactive', subState: 'dead' })
const NO_SYSTEMD = { kind: 'no-systemd' } as const
const of = (...processes: ProcessInfo[]): Snapshot => snapshot(unitState(), answered(processes))
const refuses = (reason: RpcFailureReason): Snapshot => snapshot(NO_SYSTEMD, failed(reason))

/** What stays like that is dead; the seconds within which it must be told, where checks follow without pause. */
const DEAD: readonly (readonly [name: string, seen: Snapshot, seconds: number])[] = [
  ['a dead unit', snapshot(INACTIVE, failed('refused')), 1.5],
  ['no answer', snapshot(unitState(), failed('timeout')), 1.5],
  ['no access', snapshot(unitState(), failed('permission')), 1.5],
  ['nobody listens', refuses('refused'), 32],
  ['no socket', refuses('socket-missing'), 32],
  ['Fault 6', refuses('shutdown'), 122],
  ['a unit that starts for ever', snapshot(unitState({ activeState: 'activating' }), failed('refused')), 10],
  ['FATAL', of(program('web', 'FATAL')), 0],
  ['EXITED', of(program('web', 'EXITED', { spawnerr: 'Bad exit code 1', exitstatus: 1 })), 3],
  ['STOPPED', of(program('web', 'STOPPED')), 3],
  ['STARTING', of(program('web', 'STARTING')), 12],
  ['BACKOFF', of(program('web', 'BACKOFF')), 12],
  ['STOPPING', of(program('web', 'STOPPING')), 12],
  ['UNKNOWN', of(program('web', 'UNKNOWN')), 1.5],
  ['no programs', of(), 3],
]

/** The configuration may ask for any patience. */
function withoutConfigs(seen: Snapshot): Snapshot {
  const { rpc } = seen
  return rpc.kind === 'answered' ? { ...seen, rpc: answered(rpc.state.processes) } : seen
}

describe('a dead host', () => {
  for (const [name, seen, seconds] of DEAD) {
    it(`${name}: is down within its confirmation and one check, whatever came before`, () => {
      for (const seed of SEEDS) {
        const random = seededRandom(seed)
        const observer = new Observer(monitorSettings())
        for (let count = 0; count < 10; count += 1) {
          observer.see(
            pick(random, [
              () => withoutConfigs(anySnapshot(random)),
              () => wellSnapshot(random, [1, 2, 3, 4]),
            ])(),
            random() * 30,
          )
        }
        const everySeconds = 0.1 + random() * 20
        let passed = 0
        let verdict = observer.see(seen, everySeconds).verdict
        while (verdict?.status !== 'down') {
          passed += everySeconds
          assert.ok(
            passed <= seconds + everySeconds,
            `seed ${seed}: not after ${passed} s: ${verdict?.message}`,
          )
          verdict = observer.see(seen, everySeconds).verdict
        }
        for (let count = 0; count < 20; count += 1) {
          assert.equal(observer.see(seen, everySeconds).verdict?.status, 'down', `seed ${seed}`)
        }
      }
    })
  }
})
