import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { makePlan, type ConfiguredMonitor, type PlanRequest } from '../../../src/cli/provision/plan.ts'
import type { KumaMonitor } from '../../../src/kuma/api/monitors.ts'
import { program } from '../../helpers/snapshots.ts'

const PROGRAMS = ['celery:worker_0', 'celery:worker_1', 'web:web'].map((name) => program(name, 'RUNNING'))

let tokens = 0
const written = (name: string, token: string, programs: string[] = []): ConfiguredMonitor => ({
  index: tokens++,
  name,
  token,
  programs,
  isWritten: true,
})
const byHand = (name: string, token: string | null, programs: string[] = []): ConfiguredMonitor => ({
  ...written(name, '', programs),
  token,
  isWritten: false,
})
const SETTINGS = {
  isActive: true,
  intervalSeconds: 60,
  retries: 0,
  resendInterval: 0,
  isUpsideDown: false,
}
const group = (id: number, name: string, parent: number | null = null): KumaMonitor => ({
  id,
  name,
  type: 'group',
  parent,
  pushToken: null,
  ...SETTINGS,
})
const push = (id: number, name: string, parent: number | null, pushToken: string): KumaMonitor => ({
  id,
  name,
  type: 'push',
  parent,
  pushToken,
  ...SETTINGS,
})

function plan(request: Partial<PlanRequest> & { monitors?: KumaMonitor[] } = {}) {
  const { monitors = [], ...rest } = request
  let made = 0
  return makePlan({
    hostName: null,
    ownName: 'host-a',
    per: 'group',
    programs: PROGRAMS,
    configured: [],
    kuma: { monitors },
    newToken: () => `New${++made}`,
    ...rest,
  })
}

const DONE = {
  configured: [
    written('supervisord', 'H'),
    written('celery', 'C', ['celery:*']),
    written('web', 'W', ['web:*']),
  ],
  monitors: [
    group(1, 'host-a'),
    push(2, 'host-a / supervisord', 1, 'H'),
    push(3, 'host-a / celery', 1, 'C'),
    push(4, 'host-a / web', 1, 'W'),
  ],
}

describe('what is made on a new host', () => {
  const shown = (per: PlanRequest['per']) =>
    plan({ per }).make.map(({ kumaName, programs, token }) => [kumaName, programs.join(), token])

  test('is its own monitor and one for each group of programs', () => {
    assert.deepEqual(shown('group'), [
      ['host-a / supervisord', '', 'New1'],
      ['host-a / celery', 'celery:*', 'New2'],
      ['host-a / web', 'web:*', 'New3'],
    ])
    assert.deepEqual(plan().group, { id: null, name: 'host-a' })
  })

  test('is one for each program with --per program, under the name that supervisorctl gives it', () => {
    assert.deepEqual(shown('program'), [
      ['host-a / supervisord', '', 'New1'],
      ['host-a / celery:worker_0', 'celery:worker_0', 'New2'],
      ['host-a / celery:worker_1', 'celery:worker_1', 'New3'],
      ['host-a / web', 'web:web', 'New4'],
    ])
  })

  test('is its own monitor alone with --per host', () => {
    assert.deepEqual(shown('host'), [['host-a / supervisord', '', 'New1']])
  })

  test('gives a group that is called supervisord a name of its own', () => {
    const { make } = plan({ programs: [program('supervisord:x', 'RUNNING')] })
    assert.deepEqual(
      make.map(({ name }) => name),
      ['whole supervisord', 'supervisord'],
    )
  })

  test('takes a group by its very name, not as a glob', () => {
    const { make } = plan({ programs: [program('a*[1]?:x', 'RUNNING')] })
    assert.deepEqual(make[1]?.programs, ['a[*][[]1][?]:*'])
  })
})

describe('a second run', () => {
  test('changes nothing', () => {
    const { make, surplus, conflicts, keep } = plan(DONE)
    assert.deepEqual({ make, surplus, conflicts }, { make: [], surplus: [], conflicts: [] })
    assert.deepEqual(
      keep.map(({ doubt }) => doubt),
      [null, null, null],
    )
  })

  test('leaves alone what was renamed, moved or paused in Kuma', () => {
    const { make, keep, surplus } = plan({
      ...DONE,
      monitors: [
        group(1, 'Frankfurt'),
        group(9, 'Shops'),
        push(2, 'the whole host', 9, 'H'),
        push(3, 'workers', 1, 'C'),
        { ...push(4, 'pages', null, 'W'), isActive: false },
      ],
    })
    assert.deepEqual({ make, surplus }, { make: [], surplus: [] })
    assert.deepEqual(
      keep.map(({ name, doubt }) => [name, doubt]),
      [
        ['the whole host', null],
        ['workers', null],
        ['pages', 'paused in Kuma'],
      ],
    )
  })

  test('makes a monitor for a new program in the group of the others, whatever it is called by now', () => {
    const programs = [...PROGRAMS, program('mail', 'RUNNING')]
    const monitors = [group(1, 'Frankfurt'), ...DONE.monitors.slice(1)]
    const { make, group: home } = plan({ ...DONE, monitors, programs })
    assert.deepEqual(home, { id: 1, name: 'Frankfurt' })
    assert.deepEqual(
      make.map(({ kumaName, token }) => [kumaName, token]),
      [['Frankfurt / mail', 'New1']],
    )
  })

  test('tells of a program that is gone', () => {
    const { make, surplus } = plan({ ...DONE, programs: PROGRAMS.slice(0, 2) })
    assert.deepEqual(make, [])
    assert.deepEqual(
      surplus.map(({ name, kumaId, why }) => [name, kumaId, why]),
      [['web', 4, 'no program matches web:* any more']],
    )
  })

  test('tells of what another --per no longer wants', () => {
    const { surplus } = plan({ ...DONE, per: 'host' })
    assert.deepEqual(
      surplus.map(({ name, why }) => [name, why]),
      [
        ['celery', 'not wanted with --per host'],
        ['web', 'not wanted with --per host'],
      ],
    )
  })
})

describe('an interrupted set-up is finished', () => {
  test('that wrote its tokens and made nothing', () => {
    const { make, group: home } = plan({ ...DONE, monitors: [] })
    assert.deepEqual(home, { id: null, name: 'host-a' })
    assert.deepEqual(
      make.map(({ token, isWritten }) => [token, isWritten]),
      [
        ['H', true],
        ['C', true],
        ['W', true],
      ],
    )
  })

  test('that made the group alone: it is taken', () => {
    const { group: home, conflicts } = plan({ ...DONE, monitors: [group(1, 'host-a')] })
    assert.deepEqual(home, { id: 1, name: 'host-a' })
    assert.deepEqual(conflicts, [])
  })

  test('that made a part of the monitors', () => {
    const { make, group: home, conflicts } = plan({ ...DONE, monitors: DONE.monitors.slice(0, 3) })
    assert.equal(home.id, 1)
    assert.deepEqual(conflicts, [])
    assert.deepEqual(
      make.map(({ token }) => token),
      ['W'],
    )
  })
})

describe('what is not ours is not taken over', () => {
  test('a group of this name with the monitors of another host', () => {
    const { conflicts } = plan({ monitors: DONE.monitors })
    assert.equal(conflicts.length, 1)
    assert.match(
      conflicts[0] ?? '',
      /^Kuma has a group "host-a" already, with monitors whose tokens .*--host-name/,
    )
  })

  test('but another name has room beside it', () => {
    const { conflicts, group: home } = plan({ monitors: DONE.monitors, hostName: 'host-b' })
    assert.deepEqual(conflicts, [])
    assert.deepEqual(home, { id: null, name: 'host-b' })
  })

  test('a monitor of this name in our group', () => {
    const monitors = [...DONE.monitors.slice(0, 3), push(7, 'host-a / web', 1, 'Foreign')]
    const { conflicts } = plan({ configured: DONE.configured.slice(0, 2), monitors })
    assert.match(conflicts[0] ?? '', /^Kuma has a monitor "host-a \/ web" in the group "host-a" already/)
  })
})

describe('a monitor that was written by hand', () => {
  test('stands for what it is over, whatever it is called', () => {
    const configured = [byHand('all', 'H'), byHand('workers', 'C', ['worker_*']), byHand('w', 'W', ['web'])]
    const { make, keep } = plan({
      configured,
      monitors: DONE.monitors.slice(1).map((one) => ({ ...one, parent: null })),
    })
    assert.deepEqual(make, [])
    assert.equal(keep.length, 3)
  })

  test('does not make its group the group of this host', () => {
    const configured = [byHand('all', 'H')]
    const { group: home } = plan({ configured, monitors: [group(5, 'Servers'), push(2, 'all', 5, 'H')] })
    assert.deepEqual(home, { id: null, name: 'host-a' })
  })

  test('is told of where Kuma does not know its token, and is not made', () => {
    const { make, keep } = plan({ configured: [byHand('all', 'H')], per: 'host' })
    assert.deepEqual(make, [])
    assert.match(keep[0]?.doubt ?? '', /its token, written by hand, is of no monitor/)
  })

  test('does not count where it pushes to another Kuma', () => {
    const { make } = plan({ configured: [byHand('supervisord', null)], per: 'host' })
    assert.deepEqual(
      make.map(({ name, kumaName }) => [name, kumaName]),
      [['supervisord 2', 'host-a / supervisord']],
    )
  })

  test('is never too much', () => {
    const { surplus } = plan({
      configured: [byHand('old', 'O', ['old:*'])],
      monitors: [push(9, 'old', null, 'O')],
    })
    assert.deepEqual(surplus, [])
  })
})
