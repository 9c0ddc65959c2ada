import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { CallResult } from '../../../src/collect/supervisor/connection.ts'
import { ProgramConfigs } from '../../../src/collect/supervisor/program-configs.ts'
import type { ProcessInfo } from '../../../src/collect/supervisor/process-info.ts'
import type { XmlRpcValue } from '../../../src/collect/supervisor/xmlrpc.ts'
import { program } from '../../helpers/snapshots.ts'

interface Seen {
  pid?: number
  programs: readonly ProcessInfo[]
  atMs?: number
  /** How long supervisord takes to answer, if it is asked. */
  tookMs?: number
}

/** How often the configurations were asked for after each check. */
function asked(...checks: readonly Seen[]) {
  let [nowMs, count] = [0, 0]
  const configs = new ProgramConfigs()
  const counts: number[] = []
  for (const { pid = 7, programs, atMs = nowMs + 5_000, tookMs = 0 } of checks) {
    nowMs = atMs
    if (configs.follow(pid, programs, nowMs)) {
      count++
      const askedMs = nowMs
      nowMs += tookMs
      configs.take({ kind: 'value', value: [] }, pid, askedMs, nowMs)
    }
    counts.push(count)
  }
  return counts
}

const web = (start: number, stop: number): ProcessInfo => program('web', 'RUNNING', { start, stop })

describe('the configurations of the programs', () => {
  it('are asked for once while nothing happens, and again after ten minutes', () => {
    const still = { programs: [web(100, 0)] }
    assert.deepEqual(
      asked(still, still, { ...still, atMs: 600_000 }, { ...still, atMs: 605_001 }),
      [1, 1, 1, 2],
    )
  })

  it('are asked for again when another supervisord answers', () => {
    assert.deepEqual(asked({ programs: [web(100, 0)] }, { programs: [web(100, 0)], pid: 8 }), [1, 2])
  })

  it('are asked for again when a program was added or removed', () => {
    const both = { programs: [web(100, 0), program('worker', 'RUNNING')] }
    assert.deepEqual(asked({ programs: [web(100, 0)] }, both, { programs: [web(100, 0)] }), [1, 2, 3])
  })

  it('are asked for again after an update or a reload, which make programs of the same names anew', () => {
    assert.deepEqual(asked({ programs: [web(100, 90)] }, { programs: [web(200, 0)] }), [1, 2])
    assert.deepEqual(asked({ programs: [web(100, 90)] }, { programs: [web(0, 0)] }), [1, 2])
  })

  it('are not asked for when a program restarts', () => {
    assert.deepEqual(asked({ programs: [web(100, 0)] }, { programs: [web(200, 199)] }), [1, 1])
  })

  it('are asked for again when a program is started for the first time: an update of it had not shown', () => {
    const never = { programs: [web(0, 0)] }
    const started = { programs: [web(200, 0)] }
    assert.deepEqual(asked(never, started, started), [1, 2, 2])
  })

  it('are not asked for at each of many first starts where the answer is slow', () => {
    const never = { programs: [web(0, 0)], tookMs: 1_000 }
    const started = { programs: [web(200, 0)], tookMs: 1_000 }
    assert.deepEqual(
      asked(never, { ...started, atMs: 25_000 }, { ...started, atMs: 26_001 }, started),
      [1, 1, 2, 2],
    )
  })
})

describe('the configurations of a slow supervisord', () => {
  const slow = (tookMs: number): Seen => ({ programs: [web(100, 0)], atMs: 0, tookMs })

  it('are asked for again after 200 times what it took', () => {
    const at = (atMs: number): Seen => ({ ...slow(0), atMs })
    assert.deepEqual(asked(slow(5_000), at(1_004_999), at(1_005_000)), [1, 1, 2])
  })

  it('are asked for again after an hour, however long it took', () => {
    const at = (atMs: number): Seen => ({ ...slow(0), atMs })
    assert.deepEqual(asked(slow(30_000), at(3_629_999), at(3_630_000)), [1, 1, 2])
  })
})

describe('the configurations that were only read', () => {
  const nothing = { pid: 7, programs: [web(100, 0)] }

  /** The startsecs and stopwaitsecs that count after each check, by what supervisord has read. */
  function counted(
    ...checks: readonly { pid?: number; programs?: readonly ProcessInfo[]; read: string }[]
  ): string[] {
    let nowMs = 0
    const configs = new ProgramConfigs()
    const counts: string[] = []
    for (const { read, ...seen } of checks) {
      const { pid, programs } = { ...nothing, ...seen }
      const [startsecs = 0, stopwaitsecs = 0] = read.split(' ').map(Number)
      const value = ['web', 'other'].map(
        (name) =>
          new Map<string, XmlRpcValue>([
            ['name', name],
            ['group', name],
            ['exitcodes', [0]],
            ['startsecs', startsecs],
            ['stopwaitsecs', stopwaitsecs],
          ]),
      )
      const result: CallResult =
        read === '' ? { kind: 'fault', code: 1, message: '' } : { kind: 'value', value }
      if (configs.follow(pid, programs, nowMs)) configs.take(result, pid, nowMs, nowMs)
      const config = configs.known?.find(({ name }) => name === 'web')
      counts.push(config === undefined ? '' : `${config.startsecs} ${config.stopwaitsecs}`)
      nowMs += 600_001
    }
    return counts
  }

  it('leave a program the times that it has, and more where more were read', () => {
    assert.deepEqual(counted({ read: '60 20' }, { read: '1 90' }), ['60 20', '60 90'])
  })

  it('do not count any more once others were read', () => {
    const checks = [{ read: '60 20' }, { read: '900 10' }, { read: '5 30' }, { read: '60 20' }]
    assert.deepEqual(counted(...checks), ['60 20', '900 20', '60 30', '60 20'])
  })

  it('are in force once the program was made anew, even if they could not be asked for at first', () => {
    const updated = { programs: [web(200, 0)] }
    assert.deepEqual(counted({ read: '60 20' }, { read: '1 1', ...updated }), ['60 20', '1 1'])
    assert.deepEqual(
      counted(
        { read: '60 20' },
        { read: '', ...updated },
        { read: '1 1', ...updated },
        { read: '5 5', ...updated },
      ),
      ['60 20', '', '1 1', '5 5'],
    )
  })

  it('are in force with another supervisord', () => {
    assert.deepEqual(counted({ read: '60 20' }, { read: '1 1', pid: 8 }), ['60 20', '1 1'])
  })

  it('are not in force because another program was made anew', () => {
    const both = (start: number): ProcessInfo[] => [web(100, 0), program('other', 'RUNNING', { start })]
    const checks = [
      { read: '60 20', programs: both(100) },
      { read: '1 1', programs: both(200) },
    ]
    assert.deepEqual(counted(...checks), ['60 20', '60 20'])
  })
})
