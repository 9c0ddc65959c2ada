import type { RpcFailureReason } from '../../../src/collect/supervisor/rpc-reading.ts'
import type { Snapshot } from '../../../src/collect/snapshot.ts'
import { failed } from '../../../test/helpers/snapshots.ts'
import { WELL, type Scenario } from '../scenario.ts'

const ONE = { programs: { web: WELL }, alone: {} }
const alice = { username: 'alice', password: 'secret' }
const RUNNING = /^1 of 1 running$/

/** A look in which supervisord could not be asked. */
const refuses =
  (reason: RpcFailureReason) =>
  (snapshot: Snapshot): Snapshot => ({ ...snapshot, rpc: failed(reason) })

/** The liveness table, unit × RPC; what systemd says is scripted, supervisord is real. */
export const LIVENESS: readonly Scenario[] = [
  { ...ONE, name: 'active, answers', phases: [{ truth: 'well', says: RUNNING }] },
  {
    ...ONE,
    name: 'reloading, answers',
    unit: { activeState: 'reloading', subState: 'reload' },
    phases: [{ truth: 'well', says: RUNNING, forSeconds: 6 }],
  },
  {
    ...ONE,
    name: 'active since a moment, does not listen yet, then answers',
    unit: { activeSeconds: 1 },
    distorts: (snapshot, count) => (count < 12 ? refuses('socket-missing')(snapshot) : snapshot),
    phases: [{ does: ({ sleep }) => sleep(5), truth: 'well', says: RUNNING }],
  },
  {
    ...ONE,
    name: 'active, wrong password',
    alone: { unixAuth: alice },
    client: { username: 'alice', password: 'wrong' },
    phases: [
      {
        truth: 'bad',
        says: /^supervisord at unix:\/\/\{socket\} refuses the agent's username or password: set both in \[\[supervisor\]\]$/,
      },
    ],
  },
  {
    ...ONE,
    name: 'active, right password',
    alone: { unixAuth: alice },
    client: alice,
    phases: [{ truth: 'well', says: RUNNING }],
  },
  {
    ...ONE,
    name: 'active, the socket is not ours to open (fixture)',
    distorts: refuses('permission'),
    phases: [{ truth: 'bad', says: /^the agent may not open .+: give its user access \(setfacl/ }],
  },
  {
    ...ONE,
    name: 'active, no [rpcinterface:supervisor]',
    alone: { rpcInterface: false },
    phases: [
      {
        truth: 'bad',
        says: /^supervisord cannot be asked: supervisor\.getAllProcessInfo is unknown at .+ has no \[rpcinterface:supervisor\] section$/,
      },
    ],
  },
  {
    ...ONE,
    name: 'active, one look in three fails (fixture)',
    distorts: (snapshot, count) => (count % 3 === 0 ? refuses('refused')(snapshot) : snapshot),
    phases: [{ truth: 'well', says: /1 of 1 running|^checking again: /, forSeconds: 8 }],
  },
  {
    ...ONE,
    name: 'failed, answers: run by hand',
    unit: { activeState: 'failed', subState: 'failed', result: 'exit-code', execMainStatus: 2 },
    phases: [{ truth: 'well', says: /^1 of 1 running · not run by systemd$/, forSeconds: 4 }],
  },
  {
    ...ONE,
    name: 'inactive, answers: run by hand',
    unit: { activeState: 'inactive', subState: 'dead' },
    phases: [{ truth: 'well', says: /^1 of 1 running · not run by systemd$/, forSeconds: 4 }],
  },
  {
    ...ONE,
    name: 'inactive, run by hand, then killed',
    unit: { activeState: 'inactive', subState: 'dead' },
    phases: [
      { truth: 'well', says: /^1 of 1 running · not run by systemd$/ },
      {
        does: async ({ supervisord }) => supervisord.kill('SIGKILL'),
        truth: 'bad',
        says: /^supervisord is not running: nobody listens at \{socket\} · 1 program unsupervised$/,
      },
    ],
  },
  {
    ...ONE,
    name: 'not found, answers',
    unit: { kind: 'not-found', names: ['supervisord.service', 'supervisor.service'] },
    phases: [{ truth: 'well', says: /^1 of 1 running · not run by systemd$/, forSeconds: 4 }],
  },
  {
    ...ONE,
    name: 'not found, killed',
    unit: { kind: 'not-found', names: ['supervisord.service', 'supervisor.service'] },
    phases: [
      {
        does: async ({ supervisord, until }) => {
          await until({ web: 'RUNNING' })
          supervisord.kill('SIGKILL')
        },
        truth: 'bad',
        says: /^supervisord is not running: nobody listens at \{socket\}$/,
      },
    ],
  },
  {
    ...ONE,
    name: 'no systemd, answers',
    unit: { kind: 'no-systemd' },
    phases: [{ truth: 'well', says: RUNNING }],
  },
  {
    ...ONE,
    name: 'D-Bus unreachable, answers',
    unit: { kind: 'unreachable', cause: 'D-Bus timed out after 5000 ms' },
    phases: [
      {
        truth: 'well',
        says: /^1 of 1 running · unit unknown: D-Bus timed out after 5000 ms$/,
        forSeconds: 4,
      },
    ],
  },
  {
    ...ONE,
    name: 'D-Bus unreachable, killed',
    unit: { kind: 'unreachable', cause: 'D-Bus timed out after 5000 ms' },
    phases: [
      {
        does: async ({ supervisord, until }) => {
          await until({ web: 'RUNNING' })
          supervisord.kill('SIGKILL')
        },
        truth: 'bad',
        says: /^supervisord is not running: nobody listens at \{socket\} \(the unit's state is unknown: D-Bus/,
      },
    ],
  },
  {
    ...ONE,
    name: 'auto-restart, answers: another supervisord holds the socket',
    unit: { activeState: 'activating', subState: 'auto-restart', restarts: 9, mainPid: 0 },
    phases: [
      {
        truth: 'bad',
        says: /^supervisor\.service activating \(auto-restart, 9 restarts\) for 1\d s · 1 of 1 running$/,
      },
    ],
  },
  {
    ...ONE,
    name: 'deactivating for ever, answers',
    unit: { activeState: 'deactivating', subState: 'stop-sigterm' },
    phases: [
      {
        truth: 'bad',
        says: /^supervisor\.service deactivating \(stop-sigterm\) for 1\d s · 1 of 1 running$/,
      },
    ],
  },
  {
    ...ONE,
    name: 'Fault 6 for ever (fixture)',
    distorts: refuses('shutdown'),
    phases: [{ truth: 'bad', says: /^supervisord is shutting down or restarting for 1\d s$/ }],
  },
  {
    ...ONE,
    name: 'masked and dead',
    unit: { loadState: 'masked', activeState: 'inactive', subState: 'dead' },
    distorts: refuses('socket-missing'),
    phases: [{ truth: 'bad', says: /^supervisor\.service is masked$/ }],
  },
  {
    ...ONE,
    name: 'another server answers at the address (fixture)',
    distorts: refuses('bad-answer'),
    phases: [{ truth: 'bad', says: /^supervisord cannot be understood: the bad-answer detail$/ }],
  },
]
