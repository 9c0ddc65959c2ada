import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createConfigCache } from '../../../src/collect/supervisor/config-cache.ts'
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

/** How often the configurations were asked for after each look. */
async function asked(...looks: readonly Seen[]) {
  let [nowMs, count] = [0, 0]
  const cache = createConfigCache(() => nowMs)
  const counts: number[] = []
  for (const { pid = 7, programs, atMs = nowMs + 5_000, tookMs = 0 } of looks) {
    nowMs = atMs
    await cache.get(pid, programs, () => {
      count++
      nowMs += tookMs
      return Promise.resolve({ kind: 'value', value: [] })
    })
    counts.push(count)
  }
  return counts
}

const web = (start: number, stop: number): ProcessInfo => program('web', 'RUNNING', { start, stop })

describe('the configurations of the programs', () => {
  it('are asked for once while nothing happens, and again after ten minutes', async () => {
    const still = { programs: [web(100, 0)] }
    assert.deepEqual(
      await asked(still, still, { ...still, atMs: 600_000 }, { ...still, atMs: 605_001 }),
      [1, 1, 1, 2],
    )
  })

  it('are asked for again when another supervisord answers', async () => {
    assert.deepEqual(await asked({ programs: [web(100, 0)] }, { programs: [web(100, 0)], pid: 8 }), [1, 2])
  })

  it('are asked for again when a program was added or removed', async () => {
    const both = { programs: [web(100, 0), program('worker', 'RUNNING')] }
    assert.deepEqual(await asked({ programs: [web(100, 0)] }, both, { programs: [web(100, 0)] }), [1, 2, 3])
  })

  it('are asked for again after an update or a reload, which make programs of the same names anew', async () => {
    assert.deepEqual(await asked({ programs: [web(100, 90)] }, { programs: [web(200, 0)] }), [1, 2])
    assert.deepEqual(await asked({ programs: [web(100, 90)] }, { programs: [web(0, 0)] }), [1, 2])
  })

  it('are not asked for when a program restarts', async () => {
    assert.deepEqual(await asked({ programs: [web(100, 0)] }, { programs: [web(200, 199)] }), [1, 1])
  })

  it('are asked for again when a program is started for the first time: an update of it had not shown', async () => {
    const never = { programs: [web(0, 0)] }
    const started = { programs: [web(200, 0)] }
    assert.deepEqual(await asked(never, started, started), [1, 2, 2])
  })

  it('are not asked for at each of many first starts where the answer is slow', async () => {
    const never = { programs: [web(0, 0)], tookMs: 1_000 }
    const started = { programs: [web(200, 0)], tookMs: 1_000 }
    assert.deepEqual(
      await asked(never, { ...started, atMs: 25_000 }, { ...started, atMs: 26_001 }, started),
      [1, 1, 2, 2],
    )
  })
})

describe('the configurations of a slow supervisord', () => {
  const slow = (tookMs: number): Seen => ({ programs: [web(100, 0)], atMs: 0, tookMs })

  it('are asked for again after 200 times what it took', async () => {
    const at = (atMs: number): Seen => ({ ...slow(0), atMs })
    assert.deepEqual(await asked(slow(5_000), at(1_004_999), at(1_005_000)), [1, 1, 2])
  })

  it('are asked for again after an hour, however long it took', async () => {
    const at = (atMs: number): Seen => ({ ...slow(0), atMs })
    assert.deepEqual(await asked(slow(30_000), at(3_629_999), at(3_630_000)), [1, 1, 2])
  })
})

describe('the configurations that were only read', () => {
  const nothing = { pid: 7, programs: [web(100, 0)] }

  /** The startsecs and stopwaitsecs that count after each look, by what supervisord has read. */
  async function counted(
    ...looks: readonly { pid?: number; programs?: readonly ProcessInfo[]; read: string }[]
  ): Promise<string[]> {
    let nowMs = 0
    const cache = createConfigCache(() => nowMs)
    const counts: string[] = []
    for (const { read, ...seen } of looks) {
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
      const configs = await cache.get(pid, programs, () =>
        Promise.resolve(read === '' ? { kind: 'fault', code: 1, message: '' } : { kind: 'value', value }),
      )
      const config = configs?.find(({ name }) => name === 'web')
      counts.push(config === undefined ? '' : `${config.startsecs} ${config.stopwaitsecs}`)
      nowMs += 600_001
    }
    return counts
  }

  it('leave a program the times that it has, and more where more were read', async () => {
    assert.deepEqual(await counted({ read: '60 20' }, { read: '1 90' }), ['60 20', '60 90'])
  })

  it('do not count any more once others were read', async () => {
    const looks = [{ read: '60 20' }, { read: '900 10' }, { read: '5 30' }, { read: '60 20' }]
    assert.deepEqual(await counted(...looks), ['60 20', '900 20', '60 30', '60 20'])
  })

  it('are in force once the program was made anew, even if they could not be asked for at first', async () => {
    const updated = { programs: [web(200, 0)] }
    assert.deepEqual(await counted({ read: '60 20' }, { read: '1 1', ...updated }), ['60 20', '1 1'])
    assert.deepEqual(
      await counted(
        { read: '60 20' },
        { read: '', ...updated },
        { read: '1 1', ...updated },
        { read: '5 5', ...updated },
      ),
      ['60 20', '', '1 1', '5 5'],
    )
  })

  it('are in force with another supervisord', async () => {
    assert.deepEqual(await counted({ read: '60 20' }, { read: '1 1', pid: 8 }), ['60 20', '1 1'])
  })

  it('are not in force because another program was made anew', async () => {
    const both = (start: number): ProcessInfo[] => [web(100, 0), program('other', 'RUNNING', { start })]
    const looks = [
      { read: '60 20', programs: both(100) },
      { read: '1 1', programs: both(200) },
    ]
    assert.deepEqual(await counted(...looks), ['60 20', '60 20'])
  })
})
