import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ProcessEvent } from '../../src/collect/supervisor/log.ts'
import type { ProcessInfo } from '../../src/collect/supervisor/process-info.ts'
import type { Snapshot } from '../../src/collect/snapshot.ts'
import { selectPrograms } from '../../src/lib/glob.ts'
import { checksUntilDown, Observer } from '../helpers/observer.ts'
import { seededRandom } from '../helpers/seeded-random.ts'
import {
  answered,
  failed,
  healthy,
  snapshot,
  program,
  programConfig,
  monitorSettings,
  unitState,
} from '../helpers/snapshots.ts'

describe('the programs', () => {
  const states: [name: string, seen: ReturnType<typeof program>, checks: number | null, says: string][] = [
    ['RUNNING', program('x', 'RUNNING'), null, '2 of 2 running'],
    [
      'STOPPED, never started',
      program('x', 'STOPPED', { start: 0 }),
      null,
      '1 of 2 running, 1 never started',
    ],
    ['STOPPED by hand', program('x', 'STOPPED'), 2, 'x STOPPED by hand · 1 of 2 running'],
    ['EXITED, expected', program('x', 'EXITED'), null, '1 of 2 running, 1 exited as expected'],
    [
      'EXITED, unexpected',
      program('x', 'EXITED', { spawnerr: 'Bad exit code 3', exitstatus: 3 }),
      2,
      'x EXITED unexpectedly: exit 3 · 1 of 2 running',
    ],
    [
      'EXITED by a signal',
      program('x', 'EXITED', { spawnerr: 'Bad exit code -1', exitstatus: -1 }),
      2,
      'x EXITED unexpectedly: killed by a signal · 1 of 2 running',
    ],
    [
      'EXITED, implementation without spawnerr, status 2',
      program('x', 'EXITED', { spawnerr: null, exitstatus: 2 }),
      2,
      'x EXITED unexpectedly: exit 2 · 1 of 2 running',
    ],
    [
      'EXITED, implementation without spawnerr, status 0',
      program('x', 'EXITED', { spawnerr: null }),
      null,
      '1 of 2 running, 1 exited as expected',
    ],
    [
      'FATAL',
      program('x', 'FATAL', { spawnerr: "can't find command '/srv/x'" }),
      1,
      "x FATAL: can't find command '/srv/x' · 1 of 2 running",
    ],
    [
      'FATAL after BACKOFF',
      program('x', 'FATAL', { spawnerr: 'Exited too quickly (process log may have details)' }),
      1,
      'x FATAL: Exited too quickly, see its log · 1 of 2 running',
    ],
    [
      'FATAL without a reason',
      program('x', 'FATAL'),
      1,
      'x FATAL: supervisord does not say why · 1 of 2 running',
    ],
    ['STARTING', program('x', 'STARTING'), 3, 'x STARTING for 10 s · 1 of 2 running'],
    [
      'BACKOFF',
      program('x', 'BACKOFF', { spawnerr: 'Exited too quickly' }),
      3,
      'x BACKOFF: Exited too quickly · 1 of 2 running',
    ],
    ['STOPPING', program('x', 'STOPPING'), 4, 'x STOPPING for 15 s · 1 of 2 running'],
    [
      'UNKNOWN',
      program('x', 'UNKNOWN'),
      2,
      'x UNKNOWN: supervisord has lost track of it, restart it · 1 of 2 running',
    ],
  ]
  for (const [name, info, checks, says] of states) {
    it(`${name}: ${checks === null ? 'up' : `down at check ${checks}`}`, () => {
      const seen = snapshot(unitState(), answered([program('web', 'RUNNING'), info]))
      assert.equal(checksUntilDown(seen, { before: healthy('web', 'x') }), checks)
      assert.equal(new Observer(monitorSettings()).settle(seen).message, says)
    })
  }

  it('asks the configured exit codes where the implementation writes no spawnerr', () => {
    const exited = program('x', 'EXITED', { spawnerr: null, exitstatus: 2 })
    const seen = snapshot(unitState(), answered([exited], [programConfig('x', { exitcodes: [0, 2] })]))
    assert.equal(new Observer(monitorSettings()).settle(seen).status, 'up')
  })

  it('gives a slow starter its startsecs', () => {
    const configs = [programConfig('x', { startsecs: 60 })]
    const seen = snapshot(unitState(), answered([program('x', 'STARTING')], configs))
    assert.equal(checksUntilDown(seen, { before: healthy('x') }), 14)
  })

  it('makes no alarm of a program that waits, stopped, for the others of a restart to stop', () => {
    const configs = [programConfig('g:slow', { stopwaitsecs: 30 }), programConfig('g:quick')]
    const observer = new Observer(monitorSettings())
    observer.settle(healthy('g:slow', 'g:quick'))
    const both = (slow: 'STOPPING' | 'STOPPED', quick: 'STOPPED' | 'STARTING'): Snapshot =>
      snapshot(unitState(), answered([program('g:slow', slow), program('g:quick', quick)], configs))
    for (let count = 0; count < 6; count += 1) {
      assert.equal(observer.see(both('STOPPING', 'STOPPED')).verdict?.status, 'up')
    }
    assert.equal(observer.see(both('STOPPED', 'STOPPED')).verdict?.status, 'up')
    assert.equal(observer.see(both('STOPPED', 'STOPPED')).verdict?.status, 'down')
  })

  it('says that a program waits for others when the wait is long', () => {
    const observer = new Observer(monitorSettings({ programs: ['web'] }))
    const seen = snapshot(unitState(), answered([program('web', 'STOPPED'), program('mail', 'STOPPING')]))
    assert.equal(observer.settle(seen).message, 'web STOPPED while others are STOPPING · 0 of 1 running')
  })

  it('comes up again though another program is just being started', () => {
    const observer = new Observer(monitorSettings())
    const three = (a: 'FATAL' | 'STARTING' | 'RUNNING', b: 'STARTING' | 'RUNNING'): Snapshot =>
      snapshot(unitState(), answered([program('a', a), program('b', b)]))
    observer.settle(three('FATAL', 'RUNNING'))
    assert.equal(observer.see(three('STARTING', 'RUNNING')).verdict?.status, 'down')
    assert.equal(observer.see(three('STARTING', 'STARTING')).verdict?.status, 'down')
    assert.equal(observer.see(three('RUNNING', 'STARTING')).verdict?.status, 'down')
    assert.equal(observer.see(three('RUNNING', 'RUNNING')).verdict?.status, 'up')
    observer.settle(three('FATAL', 'RUNNING'))
    observer.see(three('STARTING', 'STARTING'))
    observer.see(three('RUNNING', 'STARTING'))
    assert.equal(observer.see(three('STARTING', 'RUNNING')).verdict?.status, 'up')
  })

  it('does not call two separate ends, each come back from, one', () => {
    const observer = new Observer(monitorSettings())
    const exited = (start: number): Snapshot =>
      snapshot(
        unitState(),
        answered([program('x', 'EXITED', { start, spawnerr: 'Bad exit code 1', exitstatus: 1 })]),
      )
    observer.settle(healthy('x'))
    assert.equal(observer.see(exited(1_700_000_000)).verdict?.status, 'up')
    assert.equal(observer.see(exited(1_700_000_004)).verdict?.status, 'up')
  })

  it('does not call two separate starts, seen a minute apart, one long start', () => {
    const observer = new Observer(monitorSettings())
    const start = (at: number): Snapshot =>
      snapshot(unitState(), answered([program('x', 'STARTING', { start: at })]))
    observer.see(healthy('x'))
    assert.equal(observer.see(start(1_700_000_000), 60).verdict?.status, 'up')
    assert.equal(observer.see(start(1_700_000_060), 60).verdict?.status, 'up')
  })

  it('does not call the starts of a worker that lives for a second one long start', () => {
    const observer = new Observer(monitorSettings())
    observer.see(healthy('x'))
    for (let at = 0; at < 60; at += 1.5) {
      const info = program('x', 'STARTING', { start: 1_700_000_000 + Math.floor(at), pid: 100 + at })
      const events: ProcessEvent[] = [
        { name: 'x', kind: 'running' },
        { name: 'x', kind: 'exited', expected: true, why: 'exit 0' },
      ]
      const { verdict } = observer.see(snapshot(unitState(), answered([info], null, { events })), 1.5)
      assert.equal(verdict?.status, 'up', verdict?.message)
    }
  })

  describe('that dies within its startsecs again and again', () => {
    const tooQuick = { spawnerr: 'Exited too quickly (process log may have details)' }
    const start = (at: number, state: 'STARTING' | 'BACKOFF', events?: readonly ProcessEvent[]): Snapshot => {
      const info = program('x', state, {
        start: 1_700_000_000 + at,
        pid: state === 'STARTING' ? 100 + at : 0,
        ...(state === 'BACKOFF' && tooQuick),
      })
      return snapshot(unitState(), answered([info], null, { ...(events && { events }) }))
    }

    it('keeps its cause while it is started once more', () => {
      const observer = new Observer(monitorSettings())
      const said = [0, 1, 2, 3, 4, 5].flatMap((at) => [
        observer.see(start(at, 'STARTING'), 2).verdict?.message,
        observer.see(start(at, 'BACKOFF'), 2).verdict?.message,
      ])
      assert.deepEqual(said.slice(0, 4), [
        'x STARTING · 0 of 1 running',
        'x BACKOFF: Exited too quickly, see its log · 0 of 1 running',
        'x BACKOFF: Exited too quickly, see its log · 0 of 1 running',
        'x BACKOFF: Exited too quickly, 2 times in 4 s · 0 of 1 running',
      ])
      const { verdict } = observer.see(start(6, 'STARTING'), 2)
      assert.deepEqual(
        [verdict?.status, verdict?.message],
        ['down', 'x BACKOFF: Exited too quickly, 6 times in 22 s · 0 of 1 running'],
      )
    })

    it('counts two starts of one moment without a time', () => {
      const observer = new Observer(monitorSettings())
      observer.see(start(0, 'BACKOFF'), 1)
      const { verdict } = observer.see(start(1, 'BACKOFF'), 0.5)
      assert.equal(verdict?.message, 'x BACKOFF: Exited too quickly, 2 times · 0 of 1 running')
    })

    const isUp: [how: string, snapshots: readonly Snapshot[]][] = [
      ['by the log', [start(5, 'STARTING', [{ name: 'x', kind: 'running' }])]],
      ['by a second start after no BACKOFF', [start(5, 'STARTING'), start(8, 'STARTING')]],
      ['by another supervisord', [otherSupervisor(start(5, 'STARTING'))]],
    ]
    for (const [how, snapshots] of isUp) {
      it(`begins anew once it was up: known ${how}`, () => {
        const observer = new Observer(monitorSettings())
        observer.see(start(0, 'STARTING'))
        observer.see(start(0, 'BACKOFF'))
        const messages = snapshots.map((one) => observer.see(one, 8).verdict?.message)
        assert.match(messages.at(-1) ?? '', /^x STARTING · /)
      })
    }

    function otherSupervisor(seen: Snapshot): Snapshot {
      assert.ok(seen.rpc.kind === 'answered')
      return { ...seen, rpc: { ...seen.rpc, state: { ...seen.rpc.state, pid: 99 } } }
    }
  })

  it('makes no alarm of a graceful restart that takes as long as stop and start may', () => {
    const configs = [programConfig('x', { startsecs: 20, stopwaitsecs: 30 })]
    const observer = new Observer(monitorSettings())
    observer.settle(healthy('x'))
    const phases = [
      ...Array<'STOPPING'>(6).fill('STOPPING'),
      'STOPPED',
      ...Array<'STARTING'>(4).fill('STARTING'),
      'RUNNING',
    ] as const
    for (const state of phases) {
      const { verdict } = observer.see(snapshot(unitState(), answered([program('x', state)], configs)))
      assert.equal(verdict?.status, 'up', `${state}: ${verdict?.message}`)
    }
  })

  it('goes down when a program never gets anywhere, whatever it is called in between', () => {
    const observer = new Observer(monitorSettings())
    observer.settle(healthy('x'))
    const exited = program('x', 'EXITED', { spawnerr: 'Bad exit code 1', exitstatus: 1 })
    let status: string | undefined = 'up'
    for (let round = 0; round < 5 && status === 'up'; round += 1) {
      observer.see(snapshot(unitState(), answered([exited])))
      status = observer.see(snapshot(unitState(), answered([program('x', 'STARTING')]))).verdict?.status
    }
    assert.equal(status, 'down')
  })

  it('stays down through a restart of what failed, until it runs', () => {
    const observer = new Observer(monitorSettings())
    observer.settle(snapshot(unitState(), answered([program('x', 'FATAL')])))
    const starting = observer.see(snapshot(unitState(), answered([program('x', 'STARTING')]))).verdict
    assert.deepEqual([starting?.status, starting?.message], ['down', 'x STARTING · 0 of 1 running'])
    assert.equal(observer.see(healthy('x')).verdict?.status, 'up')
  })

  it('asks for another check soon when what is down is down in another way, as long as that would not count by itself', () => {
    const observer = new Observer(monitorSettings())
    const isSettled = (seen: Snapshot): boolean => observer.see(seen).settled
    const starting = snapshot(unitState(), answered([program('x', 'STARTING')]))
    assert.equal(isSettled(snapshot(unitState(), answered([program('x', 'FATAL')]))), true)
    assert.deepEqual(
      [starting, starting, starting].map((seen) => isSettled(seen)),
      [false, false, true],
    )
    const dead = unitState({ activeState: 'inactive', subState: 'dead' })
    assert.equal(isSettled(snapshot(dead, failed('socket-missing'))), true)
    const comingUp = snapshot(unitState({ activeSeconds: 1 }), failed('socket-missing'))
    assert.equal(isSettled(comingUp), false)
  })

  it('makes no alarm of all programs starting after a restart of supervisord', () => {
    const observer = new Observer(monitorSettings())
    observer.settle(healthy('x', 'y'))
    const starting = answered([program('x', 'STARTING'), program('y', 'STARTING')])
    const { verdict } = observer.see(snapshot(unitState(), starting))
    assert.equal(verdict?.status, 'up')
  })

  it('names the worst first and counts the others', () => {
    const processes = [
      program('web', 'STOPPED'),
      program('celery:w1', 'EXITED', { spawnerr: 'Bad exit code 1', exitstatus: 1 }),
      program('celery:w2', 'FATAL', { spawnerr: 'no such file' }),
      program('cat', 'RUNNING'),
    ]
    const { message } = new Observer(monitorSettings()).settle(snapshot(unitState(), answered(processes)))
    assert.equal(message, 'celery:w2 FATAL: no such file (+2 more: web, celery:w1) · 1 of 4 running')
  })

  it('names as many of the others as there is room for', () => {
    const failing = (count: number, spawnerr: string): string => {
      const processes = Array.from({ length: count }, (_, index) =>
        program(`w:${index}`, 'FATAL', { spawnerr }),
      )
      return new Observer(monitorSettings()).settle(snapshot(unitState(), answered(processes))).message
    }
    assert.equal(failing(3, 'no'), 'w:0 FATAL: no (+2 more: w:1, w:2) · 0 of 3 running')
    assert.match(
      failing(99, 'no'),
      /^w:0 FATAL: no \(\+98 more: w:1, w:2, .*, w:\d\d, …\) · 0 of 99 running$/,
    )
    assert.match(failing(99, 'n'.repeat(220)), /^w:0 FATAL: n+… \(\+98 more\) · 0 of 99 running$/)
    assert.ok(failing(99, 'no').length <= 250)
  })

  it('says how long supervisord has been up', () => {
    const seen = { ...healthy('x'), upSeconds: 273_600 }
    assert.deepEqual(new Observer(monitorSettings()).settle(seen), {
      status: 'up',
      message: '1 of 1 running · supervisord up 3 d 4 h',
      ping: 3,
    })
  })
})

describe('the selection', () => {
  const running = (...names: string[]) => answered(names.map((name) => program(name, 'RUNNING')))
  const judged = (more: object, ...names: string[]) =>
    new Observer(monitorSettings(more)).settle(snapshot(unitState(), running(...names)))

  const rows: [name: string, more: object, names: string[], status: string, says: string][] = [
    [
      'a glob on group:name',
      { programs: ['celery:*'] },
      ['celery:a', 'celery:b', 'web'],
      'up',
      '2 of 2 running',
    ],
    ['a name alone in any group', { programs: ['a'] }, ['celery:a', 'x:a', 'a', 'b'], 'up', '3 of 3 running'],
    [
      'an exclusion',
      { programs: ['celery:*'], exclude: ['celery:beat*'] },
      ['celery:a', 'celery:beat-x'],
      'up',
      '1 of 1 running',
    ],
    [
      'one character and a set',
      { programs: ['w:w_?[0-3]', 'w:w_[!0-9]x'] },
      ['w:w_01', 'w:w_19', 'w:w_ax'],
      'up',
      '2 of 2 running',
    ],
    [
      'signs that mean something elsewhere',
      { programs: ['a.b+c-d:(x)'] },
      ['a.b+c-d:(x)', 'aXb+c-d:(x)'],
      'up',
      '1 of 1 running',
    ],
    [
      'a named program that is absent',
      { programs: ['web', 'celery:beat'] },
      ['web'],
      'down',
      'no program matches "celery:beat" · 1 of 1 running',
    ],
    [
      'a glob that matches nothing',
      { programs: ['php:*'] },
      ['web'],
      'down',
      'no program matches "php:*" · 0 of 0 running',
    ],
    [
      'the name of a group',
      { programs: ['celery'] },
      ['celery:a'],
      'down',
      'no program matches "celery" (the group of that name is "celery:*") · 0 of 0 running',
    ],
    ['no programs at all', {}, [], 'down', 'supervisord has no programs · 0 of 0 running'],
    [
      'everything excluded',
      { exclude: ['*'] },
      ['a', 'b'],
      'down',
      'exclude leaves none of the 2 programs · 0 of 0 running',
    ],
  ]
  for (const [name, more, names, status, says] of rows) {
    it(`takes ${name}`, () => {
      const verdict = judged(more, ...names)
      assert.deepEqual([verdict.status, verdict.message], [status, says])
    })
  }
})

describe('the last words of a program', () => {
  const lastLines = new Map([['web:web', "ModuleNotFoundError: No module named 'app'"]])
  const tell = monitorSettings({ logTail: true })
  const seeing = (...processes: ProcessInfo[]) =>
    snapshot(unitState(), answered(processes), null, { lastLines })

  it('are added to what is said of its failure, where that is asked for', () => {
    const seen = seeing(program('web', 'EXITED', { spawnerr: 'Bad exit code 1', exitstatus: 1 }))
    assert.equal(
      new Observer(tell).settle(seen).message,
      "web EXITED unexpectedly: exit 1: ModuleNotFoundError: No module named 'app' · 0 of 1 running",
    )
    assert.equal(
      new Observer(monitorSettings()).settle(seen).message,
      'web EXITED unexpectedly: exit 1 · 0 of 1 running',
    )
  })

  it('are added to the news of a restart', () => {
    const observer = new Observer(tell)
    observer.settle(seeing(program('web', 'RUNNING', { start: 1 })))
    const { verdict } = observer.see(seeing(program('web', 'RUNNING', { start: 9, pid: 5 })))
    assert.equal(
      verdict?.message,
      "1 of 1 running · web restarted 1× just now, reason unknown: supervisord's log cannot be read; last line: ModuleNotFoundError: No module named 'app'",
    )
  })

  it('are cut before anything else is, and no character in two', () => {
    const long = new Map([['web:web', '🧨'.repeat(500)]])
    const seen = snapshot(unitState(), answered([program('web', 'FATAL')]), null, { lastLines: long })
    const { message } = new Observer(tell).settle(seen)
    assert.ok(message.length <= 250)
    assert.match(message, /^web FATAL: .*: (?:🧨)+… · 0 of 1 running$/u)
  })
})

function selects(pattern: string, name: string): boolean {
  const { selected } = selectPrograms([{ ...program('g', 'RUNNING'), name }], {
    programs: [pattern],
    exclude: [],
  })
  return selected.length === 1
}

describe('a glob', () => {
  it('takes every character that means nothing as itself', () => {
    for (let code = 0x20; code < 0x17f; code += 1) {
      const character = String.fromCodePoint(code)
      if ('*?['.includes(character)) continue
      const name = `a${character}b`
      assert.ok(selects(`g:${name}`, name), name)
      assert.ok(!selects(`g:${name}`, 'aXb') || character === 'X', name)
    }
  })

  const rows: [pattern: string, name: string, matches: boolean][] = [
    ['g:beat-debug', 'beat-debug', true],
    ['g:w_[0-3]', 'w_2', true],
    ['g:w_[0-3]', 'w_4', false],
    ['g:w_[!0-3]', 'w_4', true],
    ['g:w_[!0-3]', 'w_2', false],
    ['g:[a-]x', '-x', true],
    ['g:[\\]x', '\\x', true],
    ['g:[^]x', '^x', true],
    ['g:[a[]x', '[x', true],
    ['g:[z-a]', '[z-a]', true],
    ['g:[z-a]', 'b', false],
    ['g:[', '[', true],
    ['g:[]', '[]', true],
    ['g:?', '😀', true],
    ['g:[😀-😎]', '😃', true],
    ['g:*', 'a\nb', true],
  ]
  for (const [pattern, name, matches] of rows) {
    it(`${JSON.stringify(pattern)} ${matches ? 'matches' : 'does not match'} ${JSON.stringify(name)}`, () => {
      assert.equal(selects(pattern, name), matches)
    })
  }

  it('never fails, whatever it is', () => {
    const random = seededRandom(20)
    const characters = Array.from('[]!^-\\*?(){}|/.+$:az09 é😀\ud800&~')
    for (let round = 0; round < 20_000; round += 1) {
      const length = Math.floor(random() * 10)
      const glob = Array.from({ length }, () => characters[Math.floor(random() * characters.length)]).join('')
      assert.doesNotThrow(() => selects(glob, 'a'), JSON.stringify(glob))
    }
  })
})
