// Generated snapshots: what hosts do, and what no host does.
import { PROCESS_STATES, type ProcessInfo } from '../../src/collect/supervisor/process-info.ts'
import type { ProcessEvent } from '../../src/collect/supervisor/log.ts'
import type { RpcFailureReason, RpcReading } from '../../src/collect/supervisor/rpc-reading.ts'
import type { UnitReading } from '../../src/collect/systemd/units.ts'
import type { HttpReading } from '../../src/collect/http-check.ts'
import type { Snapshot } from '../../src/collect/snapshot.ts'
import { answered, failed, program, programConfig, unitState } from './snapshots.ts'

type Random = () => number

export function pick<T>(random: Random, items: readonly T[]): T {
  return items[Math.floor(random() * items.length)] as T
}

const STATES = [...PROCESS_STATES.values()]
const REASONS: readonly RpcFailureReason[] = [
  'no-address',
  'socket-missing',
  'refused',
  'permission',
  'unauthorized',
  'timeout',
  'shutdown',
  'fault',
  'bad-answer',
  'unreachable',
  'no-descriptors',
]
const TEXTS = [
  '',
  'web',
  'größe',
  '東京 🔴',
  '👩‍👩‍👧‍👦'.repeat(40),
  'e\u0301'.repeat(200),
  '\u0000\u001b[31m\r\n\t',
  '\u202egnirts',
  '\ud83d',
  '__proto__',
  'x'.repeat(400),
  'a:b:c',
  '[!]*?\\',
]
const NUMBERS = [0, 1, -1, 42, 1_700_000_000, 2_147_483_647, Number.MAX_SAFE_INTEGER, 0.5, Infinity]

/** Any snapshot that its types allow, sense or no sense. */
export function anySnapshot(random: Random): Snapshot {
  return {
    unit: anyUnit(random),
    rpc: anyRpc(random),
    upSeconds: pick(random, [null, ...NUMBERS]),
    memory: anyMemory(random),
    http: new Map(random() < 0.3 ? [] : [[URL_OF_CHECK, anyPage(random)]]),
    lastLines: new Map(TEXTS.map((text) => [`${text}:${text}`, pick(random, TEXTS)])),
  }
}

/** The URL whose answers a snapshot may hold. */
export const URL_OF_CHECK = 'http://127.0.0.1:8000/health?key=1'

function anyMemory(random: Random): Snapshot['memory'] {
  return pick<() => Snapshot['memory']>(random, [
    () => ({ kind: 'not-asked' }),
    () => ({ kind: 'failed', why: pick(random, TEXTS) }),
    () => ({ kind: 'read', bytes: new Map(NUMBERS.map((pid) => [pid, pick(random, NUMBERS)])) }),
  ])()
}

function anyPage(random: Random): HttpReading {
  return pick<() => HttpReading>(random, [
    () => ({ kind: 'waiting' }),
    () => ({ kind: 'failed', text: pick(random, TEXTS) }),
    () => ({
      kind: 'answered',
      status: pick(random, [200, 302, 503]),
      location: pick(random, [null, ...TEXTS]),
      found: pick(random, [[], ['ok']]),
      isWhole: random() < 0.5,
    }),
  ])()
}

function anyUnit(random: Random): UnitReading {
  const text = (): string => pick(random, TEXTS)
  const number = (): number => pick(random, NUMBERS)
  return pick<() => UnitReading>(random, [
    () => ({ kind: 'no-systemd' }),
    () => ({ kind: 'not-asked' }),
    () => ({ kind: 'not-found', names: [text(), text()] }),
    () => ({ kind: 'unreachable', cause: text() }),
    () =>
      unitState({
        name: text(),
        loadState: pick(random, ['loaded', 'masked', text()]),
        activeState: pick(random, ['active', 'inactive', 'failed', 'activating', 'deactivating', text()]),
        subState: text(),
        jobType: pick(random, ['', 'start', 'stop', text()]),
        result: pick(random, ['success', 'exit-code', 'signal', text()]),
        restarts: number(),
        execMainStatus: number(),
        activeSeconds: pick(random, [null, ...NUMBERS]),
      }),
  ])()
}

function anyRpc(random: Random): RpcReading {
  const kind = random()
  if (kind < 0.1) return { kind: 'not-asked' }
  if (kind < 0.4) return failed(pick(random, REASONS), pick(random, TEXTS))
  const made = Array.from({ length: Math.floor(random() * 6) }, () => anyProcess(random))
  const processes = [...new Map(made.map((info) => [`${info.group}:${info.name}`, info])).values()]
  const configs = processes.map(({ group, name }) =>
    programConfig('x', {
      group,
      name,
      startsecs: pick(random, NUMBERS),
      stopwaitsecs: pick(random, NUMBERS),
    }),
  )
  return answered(processes, pick(random, [null, configs]), {
    pid: pick(random, [1, 2]),
    ...(random() < 0.5 && { events: Array.from({ length: 6 }, () => anyEvent(random)) }),
  })
}

function anyProcess(random: Random): ProcessInfo {
  return {
    ...program('web', pick(random, STATES)),
    group: pick(random, TEXTS),
    name: pick(random, TEXTS),
    start: pick(random, NUMBERS),
    stop: pick(random, NUMBERS),
    pid: pick(random, NUMBERS),
    exitstatus: pick(random, NUMBERS),
    spawnerr: pick(random, [null, ...TEXTS]),
  }
}

function anyEvent(random: Random): ProcessEvent {
  const name = pick(random, TEXTS)
  return pick<ProcessEvent>(random, [
    { name, kind: 'spawned', pid: pick(random, NUMBERS) },
    { name, kind: 'running' },
    { name, kind: 'stopped' },
    { name, kind: 'exited', expected: random() < 0.5, why: pick(random, TEXTS) },
  ])
}
