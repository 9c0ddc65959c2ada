// docs/rules.md says what the code does: every number and every message of it.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { noDescriptors } from '../../src/lib/errors.ts'
import type { ProcessState } from '../../src/collect/supervisor/process-info.ts'
import type { RpcFailureReason } from '../../src/collect/supervisor/rpc-reading.ts'
import type { UnitReading } from '../../src/collect/systemd/units.ts'
import type { Settings } from '../../src/rules/judge.ts'
import type { Snapshot } from '../../src/collect/snapshot.ts'
import { PROBLEMS, type ProblemKind } from '../../src/rules/problems.ts'
import {
  answered,
  failed,
  healthy,
  snapshot,
  program,
  monitorSettings,
  unitState,
} from '../helpers/snapshots.ts'
import { Observer } from '../helpers/observer.ts'

/** The tables of the page, by their heading; each row as its cells. */
const TABLES = new Map(
  readFileSync(new URL('../../docs/rules.md', import.meta.url), 'utf8')
    .split('\n## ')
    .map((section): [string, string[][]] => {
      const lines = section.split('\n').filter((line) => line.startsWith('|'))
      const rows = lines.map((line) =>
        line
          .slice(1, -1)
          .split('|')
          .map((cell) => cell.trim()),
      )
      return [section.split('\n')[0] ?? '', rows.slice(2)]
    }),
)

function table(heading: string): string[][] {
  const rows = TABLES.get(heading)
  assert.ok(rows !== undefined && rows.length > 0, `docs/rules.md has no table under "${heading}"`)
  return rows
}

/** `…` stands for whatever the host says. */
function assertSays(message: string, cell: string | undefined): void {
  const text = cell?.replaceAll('`', '') ?? ''
  const expected = new RegExp(
    `^${text
      .split('…')
      .map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
      .join('.+')}$`,
  )
  assert.match(message, expected)
}

const unit = (activeState: string, more = {}): UnitReading => unitState({ activeState, ...more })
const ACTIVE = unit('active')
const FAILED = unit('failed', { result: 'exit-code', execMainStatus: 1 })
const INACTIVE = unit('inactive', { subState: 'dead' })
const RESTARTING = unit('activating', { subState: 'auto-restart', restarts: 3 })
const NOT_FOUND: UnitReading = { kind: 'not-found', names: ['supervisor.service'] }
const NO_BUS: UnitReading = { kind: 'unreachable', cause: 'D-Bus timed out after 5000 ms' }
const BOTH = answered([program('web', 'RUNNING'), program('mail', 'RUNNING')])
const TIMED_OUT = 'supervisor.getAllProcessInfo timed out after 5000 ms at unix:///run/supervisor.sock'
const FOREIGN = '/tmp/supervisor.sock belongs to another user (uid 1001): nothing was sent to it'
const DETAILS: Partial<Record<RpcFailureReason, string>> = { timeout: TIMED_OUT, foreign: FOREIGN }
const no = (reason: RpcFailureReason): ReturnType<typeof failed> => failed(reason, DETAILS[reason])

describe('the table of supervisord and systemd', () => {
  const cases: [systemd: string, supervisord: string, seen: Snapshot][] = [
    ['active', 'answers', snapshot(ACTIVE, BOTH)],
    ['active', 'does not answer in time', snapshot(ACTIVE, no('timeout'))],
    ['active', 'socket file missing', snapshot(ACTIVE, no('socket-missing'))],
    ['active', 'refuses connections', snapshot(ACTIVE, no('refused'))],
    ['active for 3 s', 'does not listen', snapshot(unit('active', { activeSeconds: 3 }), no('refused'))],
    ['active', 'permission denied', snapshot(ACTIVE, no('permission'))],
    ['active', 'another user listens', snapshot(ACTIVE, no('foreign'))],
    ['active', '401', snapshot(ACTIVE, no('unauthorized'))],
    ['active', 'shutting down', snapshot(ACTIVE, no('shutdown'))],
    ['active', 'any other error', snapshot(ACTIVE, no('fault'))],
    ['active', 'something else answers', snapshot(ACTIVE, no('bad-answer'))],
    ['activating', 'any', snapshot(RESTARTING, no('refused'))],
    ['deactivating', 'any', snapshot(unit('deactivating', { subState: 'stop' }), no('shutdown'))],
    ['a start is queued', 'fails', snapshot(unit('inactive', { jobType: 'start' }), no('refused'))],
    ['failed', 'fails', snapshot(FAILED, no('refused'))],
    ['inactive', 'fails', snapshot(INACTIVE, no('socket-missing'))],
    ['failed, inactive', 'answers', snapshot(INACTIVE, BOTH)],
    ['unknown unit', 'answers', snapshot(NOT_FOUND, BOTH)],
    ['unknown unit', 'fails', snapshot(NOT_FOUND, no('refused'))],
    ['no systemd', 'answers', snapshot({ kind: 'no-systemd' }, BOTH)],
    ['no systemd', 'socket file missing', snapshot({ kind: 'no-systemd' }, no('socket-missing'))],
    ['D-Bus is out', 'answers', snapshot(NO_BUS, BOTH)],
    ['D-Bus is out', 'fails', snapshot(NO_BUS, no('unreachable'))],
  ]
  const rows = table('When supervisord itself is the trouble')

  it('has exactly these rows', () => {
    assert.deepEqual(
      rows.map(([systemd, supervisord]) => [systemd, supervisord]),
      cases.map(([systemd, supervisord]) => [systemd, supervisord]),
    )
  })
  for (const [index, [systemd, supervisord, seen]] of cases.entries()) {
    it(`${systemd}, ${supervisord}: is as it says`, () => {
      const [, , says = '', message] = rows[index] ?? []
      const observer = new Observer(monitorSettings())
      observer.settle(healthy('web', 'mail'))
      const first = observer.see(seen).verdict
      const last = observer.settle(seen)
      assert.equal(last.status, says.endsWith('down') ? 'down' : 'up')
      if (says.startsWith('grace')) assert.equal(first?.status, 'up')
      assertSays(last.message, message)
    })
  }
})

const web = (state: ProcessState, more = {}): Snapshot =>
  snapshot(ACTIVE, answered([program('web', state, more)]))
const FATAL = web('FATAL', { spawnerr: "can't find command '/srv/web'" })
const died = (times: number): Snapshot =>
  snapshot(
    ACTIVE,
    answered([program('web', 'RUNNING', { start: 1_700_000_000 + times, pid: times })], null, {
      events: [
        { name: 'web', kind: 'running' },
        { name: 'web', kind: 'exited', expected: false, why: 'exit 1' },
      ],
    }),
  )

describe('the table of every kind of trouble', () => {
  const examples: Record<ProblemKind, { seen: readonly Snapshot[]; rules?: Settings }> = {
    'unit-dead': { seen: [snapshot(FAILED, no('refused'))] },
    'no-answer': { seen: [snapshot({ kind: 'no-systemd' }, no('refused'))] },
    'no-access': { seen: [snapshot(ACTIVE, no('permission'))] },
    agent: { seen: [snapshot(ACTIVE, failed('no-descriptors', noDescriptors('EMFILE') ?? ''))] },
    'coming-up': { seen: [snapshot(RESTARTING, no('refused'))] },
    'shutting-down': { seen: [snapshot(ACTIVE, no('shutdown'))] },
    fatal: { seen: [FATAL] },
    'crash-loop': { seen: [0, 1, 2, 3].map(died) },
    exited: { seen: [web('EXITED', { spawnerr: 'Bad exit code 7', exitstatus: 7 })] },
    unknown: { seen: [web('UNKNOWN')] },
    'too-few': {
      seen: [
        snapshot(ACTIVE, answered([program('web', 'RUNNING'), program('idle', 'STOPPED', { start: 0 })])),
      ],
      rules: monitorSettings({ minRunning: 2 }),
    },
    absent: { seen: [web('RUNNING')], rules: monitorSettings({ programs: ['web', 'celery:*'] }) },
    backoff: {
      seen: [web('BACKOFF', { spawnerr: 'Exited too quickly (process log may have details)' })],
    },
    starting: { seen: [web('STARTING')] },
    stopping: { seen: [web('STOPPING')] },
    waiting: {
      seen: [snapshot(ACTIVE, answered([program('web', 'STOPPED'), program('mail', 'STOPPING')]))],
      rules: monitorSettings({ programs: ['web'] }),
    },
    stopped: { seen: [web('STOPPED')] },
    http: {
      seen: [
        {
          ...web('RUNNING'),
          http: new Map([['http://127.0.0.1:8000/', { kind: 'failed', text: 'did not answer within 10 s' }]]),
        },
      ],
      rules: monitorSettings({
        http: {
          url: 'http://127.0.0.1:8000/',
          status: [200],
          body: null,
          timeoutMs: 10_000,
          when: 'running',
        },
      }),
    },
    memory: {
      seen: [
        {
          ...web('RUNNING'),
          memory: { kind: 'read', bytes: new Map([[1234, 612 * 1024 ** 2]]) },
        },
      ],
      rules: monitorSettings({ memoryBytes: 512 * 1024 ** 2 }),
    },
  }
  const rows = table('Every kind of trouble')

  it('has every kind, worst first, with the checks and seconds it asks for', () => {
    assert.deepEqual(
      rows.map(([kind, , checks, seconds]) => [kind, checks, seconds]),
      Object.entries(PROBLEMS).map(([kind, { checks, ms }]) => [`\`${kind}\``, `${checks}`, `${ms / 1000}`]),
    )
  })
  for (const [kind, example] of Object.entries(examples)) {
    it(`${kind}: says what it says`, () => {
      const observer = new Observer(example.rules ?? monitorSettings())
      let last: Snapshot | undefined
      for (const seen of example.seen) observer.see((last = seen))
      assert.ok(last !== undefined)
      let verdict = observer.see(last, 0).verdict
      for (let count = 0; count < 100 && verdict?.status !== 'down'; count += 1)
        verdict = observer.see(last).verdict
      assert.equal(verdict?.status, 'down')
      assertSays(verdict.message, rows.find(([name]) => name === `\`${kind}\``)?.at(-1))
    })
  }
})

describe('the table of what is no trouble', () => {
  const two = (state: ProcessState, more = {}): Snapshot =>
    snapshot(ACTIVE, answered([program('mail', 'RUNNING'), program('web', state, more)]))
  const cases: [seen: readonly Snapshot[], ruleSet?: Settings][] = [
    [[two('STOPPED', { start: 0 })]],
    [[two('EXITED')]],
    [[two('STOPPED')], monitorSettings({ stopped: 'ok' })],
    [[0, 1, 1].map((times) => withMail(died(times)))],
    [[two('STARTING')]],
    [[two('FATAL', { spawnerr: "can't find command '/srv/web'" })], monitorSettings({ minRunning: 1 })],
    [[healthy('web', 'mail'), snapshot(ACTIVE, no('timeout'))]],
  ]
  const rows = table('What is no trouble')

  it('has no other rows', () => assert.equal(rows.length, cases.length))
  for (const [index, [seen, ruleSet]] of cases.entries()) {
    const [what, message] = rows[index] ?? []
    it(`${what}: is up, and says so`, () => {
      const observer = new Observer(ruleSet ?? monitorSettings())
      let said = ''
      for (const one of seen) {
        const { verdict } = observer.see(one)
        assert.equal(verdict?.status, 'up')
        said = verdict.message
      }
      assertSays(said, message)
    })
  }
})

function withMail(seen: Snapshot): Snapshot {
  const { rpc } = seen
  assert.ok(rpc.kind === 'answered')
  return {
    ...seen,
    rpc: { ...rpc, state: { ...rpc.state, processes: [...rpc.state.processes, program('mail', 'RUNNING')] } },
  }
}
