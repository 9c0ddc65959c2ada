import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ProcessEvent } from '../../src/collect/supervisor/log.ts'
import type { ProcessInfo } from '../../src/collect/supervisor/process-info.ts'
import { hasNews } from '../../src/rules/restarts.ts'
import type { Snapshot } from '../../src/collect/snapshot.ts'
import {
  answered,
  healthy,
  snapshot,
  program,
  programConfig,
  monitorSettings,
  unitState,
} from '../helpers/snapshots.ts'
import { Observer } from '../helpers/observer.ts'

/** The process of `web` that was started then: its start time, and a pid of its own. */
function born(
  at: number,
  state: 'RUNNING' | 'STARTING' | 'BACKOFF' = 'RUNNING',
  more: Partial<ProcessInfo> = {},
): ProcessInfo {
  return program('web', state, { start: 1_700_000_000 + at, pid: 100_000 + at, ...more })
}

function seen(info: ProcessInfo, events?: readonly ProcessEvent[], supervisor = 4711): Snapshot {
  return snapshot(unitState(), answered([info], null, { pid: supervisor, ...(events && { events }) }))
}

const crash = (why = 'exit 1'): ProcessEvent => ({ name: 'web', kind: 'exited', expected: false, why })
const ended: ProcessEvent = { name: 'web', kind: 'exited', expected: true, why: 'exit 0' }
const up: ProcessEvent = { name: 'web', kind: 'running' }
const spawned = (as: number): ProcessEvent => ({ name: 'web', kind: 'spawned', pid: as })
const exitedAt = (at: number): ProcessInfo => program('web', 'EXITED', { start: 1_700_000_000 + at })
const stopped: ProcessEvent = { name: 'web', kind: 'stopped' }

/** It died of exit 1 before, as the log tells. */
const crashed = (at: number): Snapshot => seen(born(at), [crash(), up])

describe('a crash loop', () => {
  it('is down with the third restart in five minutes, though the program always seems well', () => {
    const observer = new Observer(monitorSettings())
    const statuses = [0, 40, 80, 120].map((at) => observer.see(crashed(at), 40).verdict)
    assert.deepEqual(
      statuses.map((verdict) => verdict?.status),
      ['up', 'up', 'up', 'down'],
    )
    assert.equal(statuses[3]?.message, 'web crash loop: 3 restarts in 1 min 20 s (exit 1) · 0 of 1 running')
  })

  it('is told by the log even when one check misses several restarts', () => {
    const observer = new Observer(monitorSettings())
    observer.see(seen(born(0)))
    const { verdict } = observer.see(
      seen(born(60), [crash(), up, crash(), up, crash('killed by SIGSEGV'), up]),
      60,
    )
    assert.equal(verdict?.status, 'down')
    assert.match(verdict.message, /^web crash loop: 3 restarts \(killed by SIGSEGV\)/)
  })

  it('is not counted twice when the log still tells of earlier restarts', () => {
    const observer = new Observer(monitorSettings())
    const first = born(0)
    observer.see(seen(first))
    const second = born(60)
    const log = [spawned(first.pid), up, crash(), spawned(second.pid), up]
    observer.see(seen(second, log), 60)
    const third = born(120)
    const { verdict } = observer.see(seen(third, [...log, crash('exit 9'), spawned(third.pid), up]), 60)
    assert.equal(verdict?.message, '1 of 1 running · web restarted 2× (exit 9) just now')
  })

  it('counts one death once, however long the start that follows is tried again', () => {
    const observer = new Observer(monitorSettings())
    const first = born(0)
    observer.see(seen(first))
    const log = [spawned(first.pid), up, crash()]
    for (const at of [60, 61, 63]) {
      const tried = born(at)
      log.push(spawned(tried.pid), crash())
      observer.see(seen({ ...tried, ...program('web', 'BACKOFF', { start: tried.start }) }, [...log]), 2)
    }
    assert.deepEqual(
      observer.state.programs.get('web:web')?.restarts.map(({ why }) => why),
      ['exit 1'],
    )
  })

  it('adds the last line that a program wrote to a known cause', () => {
    const observer = new Observer(monitorSettings({ logTail: true }))
    observer.see(seen(born(0)))
    const lastLines = new Map([['web:web', 'out of memory']])
    const { verdict } = observer.see({ ...crashed(60), lastLines }, 2)
    assert.equal(verdict?.message, '1 of 1 running · web restarted 1× (exit 1) just now: out of memory')
  })

  it('counts a death that one snapshot shows, once it is back', () => {
    const observer = new Observer(monitorSettings())
    const first = born(0)
    observer.see(seen(first))
    const log = [spawned(first.pid), up, crash()]
    const dead = program('web', 'EXITED', { start: first.start, spawnerr: 'Bad exit code 1', exitstatus: 1 })
    observer.see(seen(dead, log), 2)
    const second = born(60)
    const { verdict } = observer.see(seen(second, [...log, spawned(second.pid), up]), 2)
    assert.equal(verdict?.message, '1 of 1 running · web restarted 1× (exit 1) just now')
  })

  it('is not made of what the log tells of yesterday', () => {
    const observer = new Observer(monitorSettings())
    observer.see(seen(born(0)))
    const { verdict } = observer.see(seen(born(80_000), [crash(), up, crash(), up, crash(), up]), 80_000)
    assert.deepEqual(
      [verdict?.status, verdict?.message],
      ['up', '1 of 1 running · web restarted 1× (exit 1) just now'],
    )
  })

  it('is not made of the restarts of a program of the same name in another group', () => {
    const observer = new Observer(monitorSettings({ programs: ['web:web'] }))
    const both = (info: ProcessInfo, events: ProcessEvent[]): Snapshot =>
      snapshot(unitState(), answered([info, program('other:web', 'RUNNING')], null, { events }))
    observer.see(both(born(0), []))
    const { verdict } = observer.see(both(born(20), [crash(), up, crash(), up, crash(), up]))
    assert.equal(verdict?.status, 'up')
  })

  it('is over when nothing has happened for its window, not before', () => {
    const observer = new Observer(monitorSettings())
    for (const at of [0, 40, 80, 120]) observer.see(crashed(at), 40)
    const steady = born(120)
    observer.see(seen(steady), 1)
    for (let count = 0; count < 57; count += 1) observer.see(seen(steady))
    const quiet = observer.see(seen(steady)).verdict
    assert.equal(quiet?.status, 'down')
    assert.equal(quiet.message, 'web crash loop: last restart 4 min 51 s ago (exit 1) · 0 of 1 running')
    assert.equal(observer.see(seen(steady), 20).verdict?.status, 'up')
  })

  it('is seen by checks that are minutes apart', () => {
    const observer = new Observer(monitorSettings())
    const verdicts = [0, 300, 600, 900].map((at) => observer.see(crashed(at), 300).verdict?.status)
    assert.deepEqual(verdicts, ['up', 'up', 'up', 'down'])
  })

  it('names what comes after it instead, when supervisord gives up or somebody stops the program', () => {
    const observer = new Observer(monitorSettings())
    for (const at of [0, 40, 80, 120]) observer.see(crashed(at), 40)
    assert.match(observer.see(seen(program('web', 'FATAL'))).verdict?.message ?? '', /^web FATAL/)
    assert.match(observer.see(seen(program('web', 'STOPPED'))).verdict?.message ?? '', /^web STOPPED by hand/)
  })

  const innocent: [name: string, snapshots: () => Snapshot[]][] = [
    [
      'restarts by a person, seen in between',
      () =>
        [0, 20, 40, 60, 80].flatMap((at) => [
          seen(born(at)),
          seen(program('web', 'STOPPED', { start: 1_700_000_000 + at })),
        ]),
    ],
    [
      'restarts by a person, told by the log',
      () => [0, 20, 40, 60, 80].map((at) => seen(born(at), [stopped, up])),
    ],
    [
      'a program that ends as expected and is started again',
      () => [0, 20, 40, 60, 80].map((at) => seen(born(at), [ended, up])),
    ],
    ['restarts without a log', () => [0, 9, 18, 27, 36].map((at) => seen(born(at)))],
    [
      'restarts of which the log tells no longer',
      () => [0, 9, 18, 27, 36].map((at) => seen(born(at), [spawned(100_000 + at), up])),
    ],
    [
      'ends that were seen to be expected, without a log',
      () => [0, 9, 18, 27, 36].flatMap((at) => [seen(born(at)), seen(exitedAt(at))]),
    ],
    ['restarts of supervisord', () => [0, 20, 40, 60, 80].map((at) => seen(born(at), undefined, 4711 + at))],
    [
      'a start that is tried again',
      () => [seen(born(0)), ...[20, 40].map((at) => seen(born(at, 'BACKOFF'))), seen(born(80))],
    ],
    [
      'a start that is tried again, told by the log',
      () => [seen(born(0)), seen(born(80), [stopped, crash(), crash(), crash(), up])],
    ],
    ['a date that is set back', () => [0, -100, -200, -300].map((at) => seen({ ...born(at), pid: 99 }))],
    [
      'restarts that are far apart',
      () => Array.from({ length: 80 }, (_, index) => seen(born(Math.floor(index / 40) * 200))),
    ],
  ]
  for (const [name, snapshots] of innocent) {
    it(`is not ${name}`, () => {
      const observer = new Observer(monitorSettings({ stopped: 'ok' }))
      for (const one of snapshots()) {
        const { verdict } = observer.see(one)
        assert.equal(verdict?.status, 'up', verdict?.message)
      }
    })
  }

  it('is made of what an event listener heard of this group alone', () => {
    const heard = (group: string): string | undefined => {
      const observer = new Observer(monitorSettings())
      const verdicts = [0, 10, 20, 30].map(
        (at) =>
          observer.see(
            seen(born(at), [
              { ...crash(), group },
              { ...up, group },
            ]),
          ).verdict,
      )
      return verdicts.at(-1)?.status
    }
    assert.deepEqual([heard('web'), heard('other')], ['down', 'up'])
  })

  const evidence: [name: string, between: (at: number) => Snapshot, why: string][] = [
    [
      'EXITED unexpectedly',
      (at) => seen({ ...exitedAt(at), spawnerr: 'Bad exit code 7', exitstatus: 7 }),
      'exit 7',
    ],
    [
      'EXITED by a signal',
      (at) => seen({ ...exitedAt(at), spawnerr: null, exitstatus: -1 }),
      'killed by a signal',
    ],
    [
      'BACKOFF',
      (at) =>
        seen(program('web', 'BACKOFF', { start: 1_700_000_000 + at + 5, spawnerr: 'Exited too quickly' })),
      'ended within its startsecs',
    ],
  ]
  for (const [name, between, why] of evidence) {
    it(`is seen without a log where it is seen ${name} in between`, () => {
      const observer = new Observer(monitorSettings())
      const messages = [0, 10, 20, 30].flatMap((at) => [
        observer.see(seen(born(at))).verdict,
        observer.see(between(at), 1).verdict,
      ])
      messages.push(observer.see(seen(born(40))).verdict)
      const last = messages.at(-1)
      assert.equal(last?.status, 'down')
      assert.match(
        last.message,
        new RegExp(`^web crash loop: [34] restarts in \\d\\d s \\(${why}\\) · 0 of 1 running$`),
      )
    })
  }

  it('is forgotten with a program that was removed', () => {
    const observer = new Observer(monitorSettings())
    for (const at of [0, 40, 80, 120]) observer.see(crashed(at), 40)
    observer.see(healthy('other'))
    assert.equal(observer.see(seen(born(160))).verdict?.status, 'up')
  })

  it('takes no more memory however long it lasts', () => {
    const observer = new Observer(monitorSettings())
    for (let at = 0; at < 200; at += 1) observer.see(crashed(at), 1)
    assert.equal(observer.state.programs.get('web:web')?.restarts.length, 20)
  })
})

describe('a restart that nobody asked for', () => {
  it('is told in the next message', () => {
    const observer = new Observer(monitorSettings())
    observer.see(seen(born(0)))
    observer.see(seen(born(5), [crash(), up]))
    const { verdict } = observer.see(seen(born(5)), 20)
    assert.equal(verdict?.message, '1 of 1 running · web restarted 1× (exit 1) 20 s ago')
  })

  it('says that its reason is not known, and since when, where nothing tells', () => {
    const observer = new Observer(monitorSettings())
    const news = [0, 100, 200, 300].map((at) => observer.see(seen(born(at)), 100))
    assert.equal(
      observer.see(seen(born(300)), 100).verdict?.message,
      "1 of 1 running · web restarted 3× in 5 min, reason unknown: supervisord's log cannot be read",
    )
    // Told at once only when it is the first: it may well do so by design.
    assert.deepEqual(
      news.map(({ state }) => hasNews(state.programs, 0)),
      [false, true, false, false],
    )
    const chatty = observer.see(seen(born(500), [spawned(100_500), up]), 1).verdict
    assert.match(
      chatty?.message ?? '',
      /restarted 4× in 5 min 1 s, reason unknown: supervisord's log does not tell$/,
    )
  })

  it('is none when supervisord had given up before it', () => {
    const observer = new Observer(monitorSettings())
    observer.see(seen(program('web', 'FATAL')))
    const { verdict } = observer.see(seen(born(20), [spawned(100_020), up]))
    assert.equal(verdict?.message, '1 of 1 running')
  })

  it('is seen by its pid when it happens within the second of its start', () => {
    const observer = new Observer(monitorSettings())
    observer.see(seen(born(0)))
    observer.see(seen({ ...born(0), pid: 4712 }))
    const { verdict } = observer.see(seen({ ...born(0), pid: 4712 }), 20)
    assert.equal(
      verdict?.message,
      "1 of 1 running · web restarted 1× 20 s ago, reason unknown: supervisord's log cannot be read",
    )
  })

  it('is told once Kuma has it no more', () => {
    const observer = new Observer(monitorSettings())
    observer.see(seen(born(0)))
    observer.see(seen(born(5), [crash(), up]))
    observer.state = { ...observer.state, toldMs: observer.nowMs }
    assert.equal(observer.see(seen(born(5))).verdict?.message, '1 of 1 running')
  })

  it('is told together with those of other programs, the newest first', () => {
    const observer = new Observer(monitorSettings())
    const both = (a: number, b: number, events: ProcessEvent[]): Snapshot => {
      const processes = [born(a), program('mail:m1', 'RUNNING', { start: b, pid: b })]
      return snapshot(unitState(), answered(processes, [programConfig('web')], { events }))
    }
    observer.see(both(0, 1, []))
    observer.see(both(5, 1, [crash(), up]))
    const { verdict } = observer.see(both(5, 2, [{ ...crash('killed by SIGKILL'), name: 'm1' }]))
    assert.equal(
      verdict?.message,
      '2 of 2 running · mail:m1 restarted 1× (killed by SIGKILL) just now (+1 more)',
    )
  })
})
