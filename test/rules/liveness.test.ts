import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Snapshot } from '../../src/collect/snapshot.ts'
import type { UnitReading } from '../../src/collect/systemd/units.ts'
import { checksUntilDown, Observer } from '../helpers/observer.ts'
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

describe('the liveness of one supervisord', () => {
  const rows: [name: string, seen: Snapshot, checks: number | null, says: string][] = [
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
  for (const [name, seen, checks, says] of rows) {
    it(`${name}: ${checks === null ? 'up' : `down at check ${checks}`}`, () => {
      assert.equal(checksUntilDown(seen), checks)
      const observer = new Observer(monitorSettings())
      observer.settle(healthy('web', 'celery:w1'))
      assert.equal(observer.settle(seen).message, says)
    })
  }

  it('tells both when the unit is dead and the agent may not open the socket', () => {
    const { message } = new Observer(monitorSettings()).settle(snapshot(INACTIVE, failed('permission')))
    assert.match(message, /^supervisor\.service inactive \(dead\); the agent may not open/)
  })

  it('does not depend on how often the agent checks', () => {
    const seen = snapshot(unitState(), failed('refused'))
    assert.equal(checksUntilDown(seen, { everySeconds: 0.05 }), 31)
    assert.equal(checksUntilDown(seen, { everySeconds: 60 }), 2)
  })

  it('gives a supervisord that has just been started its time to listen, and not for ever', () => {
    const young = (activeSeconds: number) => snapshot(unitState({ activeSeconds }), failed('socket-missing'))
    const observer = new Observer(monitorSettings())
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
    const observer = new Observer(monitorSettings())
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
    const observer = new Observer(monitorSettings())
    observer.settle(before)
    const stopping = unitState({ activeState: 'deactivating', subState: 'stop' })
    for (let count = 0; count < 9; count += 1) observer.see(snapshot(stopping, failed('shutdown')))
    const starting = unitState({ activeState: 'activating', subState: 'start-pre' })
    for (const unit of [starting, unitState({ activeSeconds: 1 })]) {
      assert.equal(observer.see(snapshot(unit, failed('socket-missing'))).verdict?.status, 'up')
    }
  })

  it('is down when a unit goes up and down and never gets there', () => {
    const observer = new Observer(monitorSettings())
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
    assert.equal(checksUntilDown(snapshot(queued, failed('socket-missing'))), 3)
    const { message } = new Observer(monitorSettings()).settle(snapshot(queued, failed('socket-missing')))
    assert.equal(message, 'supervisor.service is about to start for 10 s')
  })

  it('waits as long as all groups may take to stop one after the other, whatever the monitor selects', () => {
    const processes = ['web', 'celery:a', 'celery:b'].map((name) => program(name, 'RUNNING'))
    const configs = [
      programConfig('web', { stopwaitsecs: 10 }),
      programConfig('celery:a', { stopwaitsecs: 30 }),
      programConfig('celery:b', { stopwaitsecs: 20 }),
    ]
    const observer = new Observer(monitorSettings({ programs: ['web'] }))
    observer.settle(snapshot(unitState(), answered(processes, configs)))
    assert.equal(observer.state.shutdownSeconds, 40)
    const many = Array.from({ length: 100 }, (_, index) => program(`p${index}`, 'RUNNING'))
    observer.settle(snapshot(unitState(), answered([...many, program('web', 'RUNNING')])))
    assert.equal(observer.state.shutdownSeconds, 120)
  })

  it('does not take a unit on its way down for a supervisord outside systemd', () => {
    const observer = new Observer(monitorSettings())
    observer.settle(healthy('web', 'celery:w1'))
    observer.see(snapshot(unitState({ activeState: 'deactivating', subState: 'stop' }), RUNNING))
    const { verdict } = observer.see(snapshot(INACTIVE, failed('socket-missing')))
    assert.equal(verdict?.message, 'supervisor.service inactive (dead) · 2 programs unsupervised')
  })

  it('forgives a supervisord outside systemd one failed check, though its unit is inactive', () => {
    assert.equal(
      checksUntilDown(snapshot(INACTIVE, failed('refused')), { before: snapshot(INACTIVE, RUNNING) }),
      2,
    )
  })

  it('is patient with a shutdown as long as the slowest program may take to stop', () => {
    const before = snapshot(
      unitState(),
      answered([program('web', 'RUNNING')], [programConfig('web', { stopwaitsecs: 60 })]),
    )
    assert.equal(checksUntilDown(snapshot(unitState(), failed('shutdown')), { before }), 14)
  })

  it('says nothing at all while its very first check leaves it open', () => {
    const observer = new Observer(monitorSettings())
    assert.equal(observer.see(snapshot(unitState(), failed('refused'))).verdict, null)
    assert.equal(observer.see(snapshot(unitState(), failed('refused'))).verdict?.status, 'down')
  })

  it('stays up, and tells, while one failed check is repeated', () => {
    const observer = new Observer(monitorSettings())
    observer.settle(healthy('web'))
    const { verdict, settled } = observer.see(snapshot(unitState(), failed('refused')))
    assert.deepEqual([verdict?.status, settled], ['up', false])
    assert.match(verdict?.message ?? '', /^checking again: supervisor\.service is active but nobody listens/)
  })
})
