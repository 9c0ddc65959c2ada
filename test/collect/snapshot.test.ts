import assert from 'node:assert/strict'
import { test } from 'node:test'
import { takeSnapshot, type Doors } from '../../src/collect/snapshot.ts'
import type { RpcReading } from '../../src/collect/supervisor/rpc-reading.ts'
import { answered, failed, snapshot, program, unitState } from '../helpers/snapshots.ts'

const READ = unitState({ subState: 'read' })
const RECALLED = unitState({ subState: 'recalled' })
const programs = [program('web', 'RUNNING')]
const BEFORE = snapshot(READ, answered(programs, null, { pid: 7 }))

function doors(rpc: RpcReading, recalled = true): Doors {
  return {
    readUnit: async () => READ,
    recallUnit: () => (recalled ? RECALLED : null),
    readSupervisor: async () => rpc,
    readUpSeconds: async () => null,
    readMemory: async () => ({ kind: 'not-asked' }),
    readHttp: async () => new Map(),
    readStderr: async () => new Map(),
  }
}

const never = new AbortController().signal

test('takes what is known of the unit as long as the same supervisord answers', async () => {
  const { unit } = await takeSnapshot(doors(answered(programs, null, { pid: 7 })), never, BEFORE)
  assert.equal(unit, RECALLED)
})

test('reads the unit when nothing is known of it for sure', async () => {
  const { unit } = await takeSnapshot(doors(answered(programs, null, { pid: 7 }), false), never, BEFORE)
  assert.equal(unit, READ)
})

test('reads the unit when something has happened', async () => {
  const { unit } = await takeSnapshot(doors(answered(programs, null, { pid: 7 })), never)
  assert.equal(unit, READ)
})

test('reads the unit when another supervisord answers, or one that does not tell which it is', async () => {
  const pidless: RpcReading = {
    kind: 'answered',
    state: { ms: 1, pid: null, now: 0, processes: programs, configs: null, events: null },
  }
  for (const rpc of [answered(programs, null, { pid: 8 }), pidless]) {
    assert.equal((await takeSnapshot(doors(rpc), never, BEFORE)).unit, READ)
  }
  assert.equal((await takeSnapshot(doors(pidless), never, snapshot(READ, pidless))).unit, READ)
})

test('reads the unit in the same look when supervisord does not answer', async () => {
  for (const rpc of [failed('timeout'), failed('refused'), failed('shutdown')]) {
    assert.equal((await takeSnapshot(doors(rpc), never, BEFORE)).unit, READ)
  }
})

test('reads a unit alone each time', async () => {
  const alone: RpcReading = { kind: 'not-asked' }
  assert.equal((await takeSnapshot(doors(alone), never, snapshot(READ, alone))).unit, READ)
})

test('takes a glance at the unit for enough where a process tells since when it is up, and only there', async () => {
  const glance = { ...unitState({ subState: 'glanced at', mainPid: 0 }), isGlance: true } as const
  const told = unitState({ mainPid: 7, activeSeconds: 60 })
  const rpc = answered(programs, null, { pid: 7 })
  const readUnit: Doors['readUnit'] = async (_, isGlance) => (isGlance === true ? glance : told)
  for (const [upSeconds, expected] of [
    [50, { unit: glance, upSeconds: 50 }],
    [null, { unit: told, upSeconds: 60 }],
  ] as const) {
    const seen = await takeSnapshot({ ...doors(rpc), readUnit, readUpSeconds: async () => upSeconds }, never)
    assert.deepEqual({ unit: seen.unit, upSeconds: seen.upSeconds }, expected)
  }
  for (const other of [failed('refused'), { kind: 'not-asked' } as const]) {
    const seen = await takeSnapshot({ ...doors(other), readUnit, readUpSeconds: async () => 50 }, never)
    assert.equal(seen.unit, told)
  }
})
