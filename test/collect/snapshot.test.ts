import assert from 'node:assert/strict'
import { test } from 'node:test'
import { takeSnapshot, type Doors } from '../../src/collect/snapshot.ts'
import { answered, failed, program, unitState } from '../helpers/snapshots.ts'

const UNIT = unitState({ mainPid: 7, activeSeconds: 60 })
const programs = [program('web', 'RUNNING')]

test('supervisord has been up as long as its unit where it is the main process, else as long as its process', async () => {
  for (const [rpc, expected] of [
    [answered(programs, null, { pid: 7 }), 60],
    [answered(programs, null, { pid: 8 }), 50],
    [failed('refused'), 60],
    [{ kind: 'not-asked' }, 60],
  ] as const) {
    const doors: Doors = {
      readUnit: async () => UNIT,
      readSupervisor: async () => rpc,
      readUpSeconds: async () => 50,
      readMemory: async () => ({ kind: 'not-asked' }),
      readHttp: async () => new Map(),
      readStderr: async () => new Map(),
    }
    assert.equal((await takeSnapshot(doors, new AbortController().signal)).upSeconds, expected)
  }
})
