import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ProcessEvent } from '../../../src/collect/supervisor/log.ts'
import {
  withoutOwn,
  type OwnProcess,
  type SupervisorState,
} from '../../../src/collect/supervisor/rpc-reading.ts'

import { program, programConfig } from '../../helpers/snapshots.ts'

const URL = 'unix:///run/supervisor.sock'
const OWN: OwnProcess = { group: 'kuma', name: 'kuma', serverUrl: URL, pid: 17 }

function state(): SupervisorState {
  const processes = [
    program('web', 'RUNNING', { pid: 16 }),
    program('kuma', 'RUNNING', { pid: 17 }),
    program('agents:kuma', 'RUNNING', { pid: 18 }),
  ]
  return {
    ms: 1,
    pid: 1,
    now: 0,
    processes,
    configs: [programConfig('web'), programConfig('kuma')],
    events: null,
  }
}

const names = ({ processes }: SupervisorState): string[] =>
  processes.map(({ group, name }) => `${group}:${name}`)

test('leaves out the agent, and its configuration, and no program of the same name in another group', () => {
  const { state: left } = withoutOwn(state(), OWN, URL)
  assert.deepEqual(names(left), ['web:web', 'agents:kuma'])
  assert.deepEqual(
    left.configs?.map(({ name }) => name),
    ['web'],
  )
})

test('knows itself by its pid where its supervisord is configured by another URL', () => {
  for (const serverUrl of ['http://127.0.0.1:9001', null]) {
    assert.deepEqual(names(withoutOwn(state(), { ...OWN, serverUrl }, URL).state), ['web:web', 'agents:kuma'])
  }
})

test('leaves a program of the same name of another supervisord alone', () => {
  const before = state()
  assert.equal(withoutOwn(before, { ...OWN, pid: 99 }, 'http://10.0.0.7:9001').state, before)
})

test('leaves out and counts every copy of the agent that numprocs makes, and none of another supervisord', () => {
  const one = state()
  const two = { ...one, processes: [...one.processes, program('kuma:kuma_01', 'FATAL')] }
  assert.deepEqual(names(withoutOwn(two, OWN, URL).state), ['web:web', 'agents:kuma'])
  assert.equal(withoutOwn(one, OWN, URL).copies, 1)
  assert.equal(withoutOwn(two, OWN, URL).copies, 2)
  assert.equal(withoutOwn(two, { ...OWN, pid: 99 }, 'http://10.0.0.7:9001').copies, 0)
})

test('takes what it was told of an end where the log does not tell one', () => {
  const ended = (name: string, why: string): ProcessEvent => ({ name, kind: 'exited', expected: false, why })
  const events = [ended('web', 'heard'), ended('kuma', 'heard')]
  const seenBy = (log: readonly ProcessEvent[] | null): readonly string[] | undefined =>
    withoutOwn({ ...state(), events: log }, { ...OWN, events }, URL).state.events?.map((event) =>
      event.kind === 'exited' ? `${event.name} ${event.why}` : `${event.name} ${event.kind}`,
    )
  assert.deepEqual(seenBy(null), ['web heard', 'kuma heard'])
  assert.deepEqual(seenBy([ended('web', 'exit 1'), { name: 'kuma', kind: 'running' }]), [
    'web exit 1',
    'kuma heard',
  ])
  assert.equal(withoutOwn(state(), { ...OWN, events: [] }, URL).state.events, null)
})
