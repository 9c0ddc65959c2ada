import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { EMPTY_STATE } from '../../src/rules/state.ts'
import { Observer } from '../helpers/observer.ts'
import { answered, failed, snapshot, program, monitorSettings, unitState } from '../helpers/snapshots.ts'

describe('the quorum', () => {
  const workers = (...states: Parameters<typeof program>[1][]) =>
    snapshot(unitState(), answered(states.map((state, index) => program(`w:${index}`, state))))

  it('tolerates what it need not have, and still names it', () => {
    const { status, message } = new Observer(monitorSettings({ minRunning: 3 })).settle(
      workers('RUNNING', 'RUNNING', 'RUNNING', 'FATAL'),
    )
    assert.deepEqual([status, message], ['up', 'w:3 FATAL: supervisord does not say why · 3 of 4 running'])
  })

  it('is down with the cause when too few are left', () => {
    const { status, message } = new Observer(monitorSettings({ minRunning: 3 })).settle(
      workers('RUNNING', 'RUNNING', 'FATAL', 'FATAL'),
    )
    assert.deepEqual(
      [status, message],
      ['down', 'w:2 FATAL: supervisord does not say why (+1 more) · 2 of 4 running'],
    )
  })

  it('counts a program that is on its way', () => {
    const observer = new Observer(monitorSettings({ minRunning: 2 }))
    assert.equal(observer.see(workers('RUNNING', 'STARTING', 'FATAL')).verdict?.status, 'up')
  })

  it('does not count programs that have done their work', () => {
    const { status, message } = new Observer(monitorSettings({ minRunning: 2 })).settle(
      workers('RUNNING', 'EXITED', 'EXITED'),
    )
    assert.deepEqual(
      [status, message],
      ['down', 'only 1 running, at least 2 needed · 1 of 3 running, 2 exited as expected'],
    )
  })

  it('names a minimum that cannot be met', () => {
    const { message } = new Observer(monitorSettings({ minRunning: 5 })).settle(workers('RUNNING', 'RUNNING'))
    assert.equal(message, 'min_running is 5 but there are only 2 programs · 2 of 2 running')
    const alone = new Observer(monitorSettings({ minRunning: 2 })).settle(workers('RUNNING'))
    assert.equal(alone.message, 'min_running is 2 but there is only 1 program · 1 of 1 running')
  })
})

it('leaves the state it was given untouched', () => {
  const observer = new Observer(monitorSettings())
  observer.see(snapshot(unitState(), failed('refused')))
  assert.equal(EMPTY_STATE.problems.size, 0)
})
