import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  answered,
  failed,
  healthy,
  snapshot,
  program,
  programConfig,
  rules,
  unitState,
} from '../helpers/snapshots.ts'
import { Observer } from '../helpers/observer.ts'
import type { Snapshot } from '../../src/collect/snapshot.ts'
import { EMPTY_STATE } from '../../src/rules/state.ts'
import type { UnitReading } from '../../src/collect/systemd/unit-reading.ts'

const NO_SYSTEMD: UnitReading = { kind: 'no-systemd' }
const NOT_FOUND: UnitReading = { kind: 'not-found', names: ['supervisord.service', 'supervisor.service'] }
const NO_BUS: UnitReading = { kind: 'unreachable', cause: 'D-Bus timed out after 5000 ms' }
const FAILED = unitState({
  activeState: 'failed',
  subState: 'failed',
  result: 'exit-code',
  execMainStatus: 1,
})
const INACTIVE = unitState({ activeState: 'inactive', subState: 'dead' })
const AUTO_RESTART = unitState({ activeState: 'activating', subState: 'auto-restart', restarts: 3 })
const RUNNING = answered([program('web', 'RUNNING'), program('celery:w1', 'RUNNING')])

/** How many unchanging looks, `everySeconds` apart, pass before the first DOWN; null when it never comes. */
function looksUntilDown(
  seen: Snapshot,
  { everySeconds = 5, before = healthy('web', 'celery:w1') } = {},
): number | null {
  const observer = new Observer(rules())
  observer.settle(before)
  for (let count = 1; count <= 100; count += 1) {
    if (observer.see(seen, everySeconds).verdict?.status === 'down') return count
  }
  return null
}

describe('the liveness of one supervisord', () => {
  const rows: [name: string, seen: Snapshot, looks: number | null, says: string][] = [
    ['active, answers', snapshot(unitState(), RUNNING), null, '2 of 2 running'],
    [
      'reloading, answers',
      snapshot(unitState({ activeState: 'reloading' }), RUNNING),
      null,
      '2 of 2 running',
    ],
    [
      'active, no answer within the deadline',
      snapshot(unitState(), failed('timeout', 'supervisor.getAllProcessInfo timed out after 5000 ms')),
      2,
      'supervisord hangs: it accepts connections and does not answer (supervisor.getAllProcessInfo timed out after 5000 ms)',
    ],
    [
      'active, socket missing',
      snapshot(unitState(), failed('socket-missing')),
      2,
      'supervisor.service is active but its socket file /run/supervisor.sock is gone: restart it, and keep the socket out of /tmp',
    ],
    [
      'active, refused',
      snapshot(unitState(), failed('refused')),
      2,
      'supervisor.service is active but nobody listens at /run/supervisor.sock: is the url right?',
    ],
    [
      'active, permission denied',
      snapshot(unitState(), failed('permission')),
      2,
      'the agent may not open /run/supervisor.sock: give its user access (setfacl -m u:USER:rw, or chown in [unix_http_server])',
    ],
    [
      'active, 401',
      snapshot(unitState(), failed('unauthorized')),
      2,
      "supervisord at unix:///run/supervisor.sock refuses the agent's username or password: set both in [[supervisor]]",
    ],
    [
      'active, Fault 6',
      snapshot(unitState(), failed('shutdown')),
      6,
      'supervisord is shutting down or restarting for 25 s',
    ],
    [
      'active, another fault',
      snapshot(unitState(), failed('fault', 'Fault 1')),
      2,
      'supervisord cannot be asked: Fault 1',
    ],
    [
      'active, garbage',
      snapshot(unitState(), failed('bad-answer', 'HTML')),
      2,
      'supervisord cannot be understood: HTML',
    ],
    [
      'auto-restart, refused',
      snapshot(AUTO_RESTART, failed('refused')),
      3,
      'supervisor.service activating (auto-restart, 3 restarts) for 10 s · 2 programs unsupervised',
    ],
    [
      'activating, answers',
      snapshot(unitState({ activeState: 'activating', subState: 'start-post' }), RUNNING),
      3,
      'supervisor.service activating (start-post) for 10 s · 2 of 2 running',
    ],
    [
      'deactivating, Fault 6',
      snapshot(unitState({ activeState: 'deactivating', subState: 'stop' }), failed('shutdown')),
      6,
      'supervisor.service deactivating (stop) for 25 s',
    ],
    [
      'failed, refused',
      snapshot(FAILED, failed('refused')),
      1,
      'supervisor.service failed (exit-code 1) · 2 programs unsupervised',
    ],
    [
      'inactive, socket missing',
      snapshot(INACTIVE, failed('socket-missing')),
      1,
      'supervisor.service inactive (dead) · 2 programs unsupervised',
    ],
    ['inactive, answers', snapshot(INACTIVE, RUNNING), null, '2 of 2 running · not run by systemd'],
    ['failed, answers', snapshot(FAILED, RUNNING), null, '2 of 2 running · not run by systemd'],
    ['not found, answers', snapshot(NOT_FOUND, RUNNING), null, '2 of 2 running · not run by systemd'],
    [
      'not found, refused',
      snapshot(NOT_FOUND, failed('refused')),
      2,
      'supervisord is not running: nobody listens at /run/supervisor.sock',
    ],
    ['no systemd, answers', snapshot(NO_SYSTEMD, RUNNING), null, '2 of 2 running'],
    [
      'no systemd, socket missing',
      snapshot(NO_SYSTEMD, failed('socket-missing')),
      2,
      'supervisord is not running or its socket file was removed: there is no /run/supervisor.sock',
    ],
    [
      'no systemd, nowhere to be found',
      snapshot(NO_SYSTEMD, failed('no-address', 'no supervisord.conf')),
      2,
      'supervisord not found: no supervisord.conf',
    ],
    [
      'no bus, answers',
      snapshot(NO_BUS, RUNNING),
      null,
      '2 of 2 running · unit unknown: D-Bus timed out after 5000 ms',
    ],
    [
      'no bus, unreachable',
      snapshot(NO_BUS, failed('unreachable', 'reset')),
      2,
      "supervisord cannot be reached: reset (the unit's state is unknown: D-Bus timed out after 5000 ms)",
    ],
    [
      'unit not asked, refused',
      snapshot({ kind: 'not-asked' }, failed('refused')),
      2,
      'supervisord is not running: nobody listens at /run/supervisor.sock',
    ],
  ]
  for (const [name, seen, looks, says] of rows) {
    it(`${name}: ${looks === null ? 'up' : `down at look ${looks}`}`, () => {
      assert.equal(looksUntilDown(seen), looks)
      const observer = new Observer(rules())
      observer.settle(healthy('web', 'celery:w1'))
      assert.equal(observer.settle(seen).message, says)
    })
  }

  it('tells both when the unit is dead and the agent may not open the socket', () => {
    const { message } = new Observer(rules()).settle(snapshot(INACTIVE, failed('permission')))
    assert.match(message, /^supervisor\.service inactive \(dead\); the agent may not open/)
  })

  it('does not depend on how often somebody looks', () => {
    const seen = snapshot(unitState(), failed('refused'))
    assert.equal(looksUntilDown(seen, { everySeconds: 0.05 }), 31)
    assert.equal(looksUntilDown(seen, { everySeconds: 60 }), 2)
  })

  it('gives a supervisord that has just been started its time to listen, and not for ever', () => {
    const young = (activeSeconds: number) => snapshot(unitState({ activeSeconds }), failed('socket-missing'))
    const observer = new Observer(rules())
    observer.settle(healthy('web'))
    assert.match(
      observer.see(young(1)).verdict?.message ?? '',
      /^checking again: supervisord does not listen yet at \/run\/supervisor\.sock/,
    )
    assert.equal(observer.see(young(6)).verdict?.status, 'up')
    const { verdict } = observer.see(young(11))
    assert.deepEqual(
      [verdict?.status, verdict?.message],
      ['down', 'supervisord does not listen yet at /run/supervisor.sock for 10 s'],
    )
    assert.match(observer.see(young(16)).verdict?.message ?? '', /its socket file .+ is gone/)
  })

  it('waits for the start after an orderly shutdown, where no unit tells of it', () => {
    const observer = new Observer(rules())
    observer.settle(snapshot(NO_SYSTEMD, RUNNING))
    for (const reason of ['shutdown', 'shutdown', 'socket-missing', 'refused'] as const) {
      assert.equal(observer.see(snapshot(NO_SYSTEMD, failed(reason))).verdict?.status, 'up', reason)
    }
    assert.equal(observer.see(snapshot(NO_SYSTEMD, RUNNING)).verdict?.message, '2 of 2 running')
  })

  it('does not count the time of a long shutdown against the start that follows', () => {
    const before = snapshot(
      unitState(),
      answered([program('web', 'RUNNING')], [programConfig('web', { stopwaitsecs: 60 })]),
    )
    const observer = new Observer(rules())
    observer.settle(before)
    const stopping = unitState({ activeState: 'deactivating', subState: 'stop' })
    for (let count = 0; count < 9; count += 1) observer.see(snapshot(stopping, failed('shutdown')))
    const starting = unitState({ activeState: 'activating', subState: 'start-pre' })
    for (const unit of [starting, unitState({ activeSeconds: 1 })]) {
      assert.equal(observer.see(snapshot(unit, failed('socket-missing'))).verdict?.status, 'up')
    }
  })

  it('is down when a unit goes up and down and never gets there', () => {
    const observer = new Observer(rules())
    observer.settle(healthy('web'))
    const stopping = unitState({ activeState: 'deactivating', subState: 'stop-sigterm' })
    let status: string | undefined = 'up'
    for (let count = 0; count < 20 && status === 'up'; count += 1) {
      const unit = count % 2 === 0 ? AUTO_RESTART : stopping
      status = observer.see(snapshot(unit, failed('refused'))).verdict?.status
    }
    assert.equal(status, 'down')
  })

  it('takes the moment between stop and start of a restart, and the wait for its turn at boot, for what it is', () => {
    const queued = unitState({ activeState: 'inactive', subState: 'dead', jobType: 'start' })
    assert.equal(looksUntilDown(snapshot(queued, failed('socket-missing'))), 3)
    const { message } = new Observer(rules()).settle(snapshot(queued, failed('socket-missing')))
    assert.equal(message, 'supervisor.service is about to start for 10 s')
  })

  it('waits as long as all groups may take to stop one after the other, whatever the monitor selects', () => {
    const processes = ['web', 'celery:a', 'celery:b'].map((name) => program(name, 'RUNNING'))
    const configs = [
      programConfig('web', { stopwaitsecs: 10 }),
      programConfig('celery:a', { stopwaitsecs: 30 }),
      programConfig('celery:b', { stopwaitsecs: 20 }),
    ]
    const observer = new Observer(rules({ programs: ['web'] }))
    observer.settle(snapshot(unitState(), answered(processes, configs)))
    assert.equal(observer.state.shutdownSeconds, 40)
    const many = Array.from({ length: 100 }, (_, index) => program(`p${index}`, 'RUNNING'))
    observer.settle(snapshot(unitState(), answered([...many, program('web', 'RUNNING')])))
    assert.equal(observer.state.shutdownSeconds, 120)
  })

  it('does not take a unit on its way down for a supervisord outside systemd', () => {
    const observer = new Observer(rules())
    observer.settle(healthy('web', 'celery:w1'))
    observer.see(snapshot(unitState({ activeState: 'deactivating', subState: 'stop' }), RUNNING))
    const { verdict } = observer.see(snapshot(INACTIVE, failed('socket-missing')))
    assert.equal(verdict?.message, 'supervisor.service inactive (dead) · 2 programs unsupervised')
  })

  it('forgives a supervisord outside systemd one failed look, though its unit is inactive', () => {
    assert.equal(
      looksUntilDown(snapshot(INACTIVE, failed('refused')), { before: snapshot(INACTIVE, RUNNING) }),
      2,
    )
  })

  it('is patient with a shutdown as long as the slowest program may take to stop', () => {
    const before = snapshot(
      unitState(),
      answered([program('web', 'RUNNING')], [programConfig('web', { stopwaitsecs: 60 })]),
    )
    assert.equal(looksUntilDown(snapshot(unitState(), failed('shutdown')), { before }), 14)
  })

  it('says nothing at all while its very first look leaves it open', () => {
    const observer = new Observer(rules())
    assert.equal(observer.see(snapshot(unitState(), failed('refused'))).verdict, null)
    assert.equal(observer.see(snapshot(unitState(), failed('refused'))).verdict?.status, 'down')
  })

  it('stays up, and tells, while one failed look is checked again', () => {
    const observer = new Observer(rules())
    observer.settle(healthy('web'))
    const { verdict, settled } = observer.see(snapshot(unitState(), failed('refused')))
    assert.deepEqual([verdict?.status, settled], ['up', false])
    assert.match(verdict?.message ?? '', /^checking again: supervisor\.service is active but nobody listens/)
  })
})

describe('a plain unit', () => {
  const unitRules = { kind: 'unit', unit: 'nginx.service' } as const
  const NOT_ASKED = { kind: 'not-asked' } as const
  const nginx = (more: object): Snapshot =>
    snapshot(unitState({ name: 'nginx.service', ...more }), NOT_ASKED, 273_600)

  it('is up when active, and says since when', () => {
    assert.deepEqual(new Observer(unitRules).settle(nginx({})), {
      status: 'up',
      message: 'nginx.service active (running) · up 3 d 4 h',
      ping: null,
    })
  })

  const down: [name: string, seen: Snapshot, says: string][] = [
    ['inactive', nginx({ activeState: 'inactive', subState: 'dead' }), 'nginx.service inactive (dead)'],
    [
      'killed',
      nginx({ activeState: 'failed', result: 'signal', execMainStatus: 9 }),
      'nginx.service failed (signal 9)',
    ],
    [
      'out of memory',
      nginx({ activeState: 'failed', result: 'oom-kill' }),
      'nginx.service failed (oom-kill)',
    ],
    ['dead without a word', nginx({ activeState: 'inactive', subState: '' }), 'nginx.service inactive'],
    [
      'restarted once and starting for ever',
      nginx({ activeState: 'activating', subState: 'auto-restart', restarts: 1 }),
      'nginx.service activating (auto-restart, 1 restart) for 10 s',
    ],
    ['masked', nginx({ loadState: 'masked', activeState: 'inactive' }), 'nginx.service is masked'],
    [
      'starting for ever',
      nginx({ activeState: 'activating', subState: 'start' }),
      'nginx.service activating (start) for 10 s',
    ],
    [
      'not found',
      snapshot({ kind: 'not-found', names: ['nginx.service'] }, NOT_ASKED),
      'systemd knows no unit nginx.service: is the name right?',
    ],
    [
      'without systemd',
      snapshot(NO_SYSTEMD, NOT_ASKED),
      'there is no systemd on this host to ask about the unit',
    ],
    ['without a bus', snapshot(NO_BUS, NOT_ASKED), 'systemd cannot be asked: D-Bus timed out after 5000 ms'],
    [
      'with nothing to ask',
      snapshot({ kind: 'not-asked' }, NOT_ASKED),
      'nothing to watch: unit and url are both "none"',
    ],
  ]
  for (const [name, seen, says] of down) {
    it(`is down when ${name}`, () => {
      const { status, message } = new Observer(unitRules).settle(seen)
      assert.deepEqual([status, message], ['down', says])
    })
  }
})

describe('the programs', () => {
  const states: [name: string, seen: ReturnType<typeof program>, looks: number | null, says: string][] = [
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
  for (const [name, info, looks, says] of states) {
    it(`${name}: ${looks === null ? 'up' : `down at look ${looks}`}`, () => {
      const seen = snapshot(unitState(), answered([program('web', 'RUNNING'), info]))
      assert.equal(looksUntilDown(seen, { before: healthy('web', 'x') }), looks)
      assert.equal(new Observer(rules()).settle(seen).message, says)
    })
  }

  it('asks the configured exit codes where the implementation writes no spawnerr', () => {
    const exited = program('x', 'EXITED', { spawnerr: null, exitstatus: 2 })
    const seen = snapshot(unitState(), answered([exited], [programConfig('x', { exitcodes: [0, 2] })]))
    assert.equal(new Observer(rules()).settle(seen).status, 'up')
  })

  it('gives a slow starter its startsecs', () => {
    const configs = [programConfig('x', { startsecs: 60 })]
    const seen = snapshot(unitState(), answered([program('x', 'STARTING')], configs))
    assert.equal(looksUntilDown(seen, { before: healthy('x') }), 14)
  })

  it('makes no alarm of a program that waits, stopped, for the others of a restart to stop', () => {
    const configs = [programConfig('g:slow', { stopwaitsecs: 30 }), programConfig('g:quick')]
    const observer = new Observer(rules())
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
    const observer = new Observer(rules({ programs: ['web'] }))
    const seen = snapshot(unitState(), answered([program('web', 'STOPPED'), program('mail', 'STOPPING')]))
    assert.equal(observer.settle(seen).message, 'web STOPPED while others are STOPPING · 0 of 1 running')
  })

  it('comes up again though another program is just being started', () => {
    const observer = new Observer(rules())
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
    const observer = new Observer(rules())
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
    const observer = new Observer(rules())
    const start = (at: number): Snapshot =>
      snapshot(unitState(), answered([program('x', 'STARTING', { start: at })]))
    observer.see(healthy('x'))
    assert.equal(observer.see(start(1_700_000_000), 60).verdict?.status, 'up')
    assert.equal(observer.see(start(1_700_000_060), 60).verdict?.status, 'up')
  })

  it('makes no alarm of a graceful restart that takes as long as stop and start may', () => {
    const configs = [programConfig('x', { startsecs: 20, stopwaitsecs: 30 })]
    const observer = new Observer(rules())
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
    const observer = new Observer(rules())
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
    const observer = new Observer(rules())
    observer.settle(snapshot(unitState(), answered([program('x', 'FATAL')])))
    const starting = observer.see(snapshot(unitState(), answered([program('x', 'STARTING')]))).verdict
    assert.deepEqual([starting?.status, starting?.message], ['down', 'x STARTING · 0 of 1 running'])
    assert.equal(observer.see(healthy('x')).verdict?.status, 'up')
  })

  it('looks again soon at what is down in another way than before, as long as that would not count by itself', () => {
    const observer = new Observer(rules())
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
    const observer = new Observer(rules())
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
    const { message } = new Observer(rules()).settle(snapshot(unitState(), answered(processes)))
    assert.equal(message, 'celery:w2 FATAL: no such file (+2 more) · 1 of 4 running')
  })

  it('says how long supervisord has been up', () => {
    const seen = { ...healthy('x'), upSeconds: 273_600 }
    assert.deepEqual(new Observer(rules()).settle(seen), {
      status: 'up',
      message: '1 of 1 running · supervisord up 3 d 4 h',
      ping: 3,
    })
  })
})

describe('the selection', () => {
  const running = (...names: string[]) => answered(names.map((name) => program(name, 'RUNNING')))
  const judged = (more: object, ...names: string[]) =>
    new Observer(rules(more)).settle(snapshot(unitState(), running(...names)))

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

describe('the quorum', () => {
  const workers = (...states: Parameters<typeof program>[1][]) =>
    snapshot(unitState(), answered(states.map((state, index) => program(`w:${index}`, state))))

  it('tolerates what it need not have, and still names it', () => {
    const { status, message } = new Observer(rules({ minRunning: 3 })).settle(
      workers('RUNNING', 'RUNNING', 'RUNNING', 'FATAL'),
    )
    assert.deepEqual([status, message], ['up', 'w:3 FATAL: supervisord does not say why · 3 of 4 running'])
  })

  it('is down with the cause when too few are left', () => {
    const { status, message } = new Observer(rules({ minRunning: 3 })).settle(
      workers('RUNNING', 'RUNNING', 'FATAL', 'FATAL'),
    )
    assert.deepEqual(
      [status, message],
      ['down', 'w:2 FATAL: supervisord does not say why (+1 more) · 2 of 4 running'],
    )
  })

  it('counts a program that is on its way', () => {
    const observer = new Observer(rules({ minRunning: 2 }))
    assert.equal(observer.see(workers('RUNNING', 'STARTING', 'FATAL')).verdict?.status, 'up')
  })

  it('does not count programs that have done their work', () => {
    const { status, message } = new Observer(rules({ minRunning: 2 })).settle(
      workers('RUNNING', 'EXITED', 'EXITED'),
    )
    assert.deepEqual(
      [status, message],
      ['down', 'only 1 running, at least 2 needed · 1 of 3 running, 2 exited as expected'],
    )
  })

  it('names a minimum that cannot be met', () => {
    const { message } = new Observer(rules({ minRunning: 5 })).settle(workers('RUNNING', 'RUNNING'))
    assert.equal(message, 'min_running is 5 but there are only 2 programs · 2 of 2 running')
    const alone = new Observer(rules({ minRunning: 2 })).settle(workers('RUNNING'))
    assert.equal(alone.message, 'min_running is 2 but there is only 1 program · 1 of 1 running')
  })
})

it('leaves the state it was given untouched', () => {
  const observer = new Observer(rules())
  observer.see(snapshot(unitState(), failed('refused')))
  assert.equal(EMPTY_STATE.problems.size, 0)
})
