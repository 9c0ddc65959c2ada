import { rename } from 'node:fs/promises'
import { IGNORES_TERM, WELL, type Scenario } from '../scenario.ts'

const SLOW = { command: IGNORES_TERM, stopwaitsecs: 5, startsecs: 0, stopasgroup: true, killasgroup: true }
const THREE = Object.fromEntries(['one', 'two', 'three'].map((name) => [name, WELL]))
const NO_SYSTEMD = { kind: 'no-systemd' } as const

/** What happens to supervisord itself. */
export const SUPERVISORD: readonly Scenario[] = [
  {
    name: 'supervisorctl reload',
    programs: THREE,
    alone: {},
    phases: [
      {
        does: async ({ supervisord, until, sleep }) => {
          await until({ one: 'RUNNING', two: 'RUNNING', three: 'RUNNING' })
          await supervisord.ctl('reload')
          await sleep(3)
        },
        truth: 'well',
        says: /^3 of 3 running$/,
      },
    ],
  },
  {
    name: 'four times supervisorctl reload',
    programs: THREE,
    alone: {},
    phases: [
      {
        does: async ({ supervisord, until, sleep }) => {
          for (let count = 0; count < 4; count += 1) {
            await until({ one: 'RUNNING', two: 'RUNNING', three: 'RUNNING' })
            await supervisord.ctl('reload')
            await sleep(3)
          }
        },
        truth: 'well',
        says: /^3 of 3 running$/,
      },
    ],
  },
  {
    name: 'reload while three programs take 5 s each to stop',
    programs: { one: SLOW, two: SLOW, three: SLOW },
    alone: {},
    phases: [
      {
        does: async ({ supervisord, until, sleep }) => {
          await until({ one: 'RUNNING', two: 'RUNNING', three: 'RUNNING' })
          await supervisord.ctl('reload')
          await sleep(14)
        },
        truth: 'well',
        says: /^3 of 3 running$/,
      },
    ],
  },
  {
    name: 'systemctl restart, seen at every step',
    programs: THREE,
    alone: {},
    phases: [
      {
        does: async ({ supervisord, say, sleep, until }) => {
          await until({ one: 'RUNNING' })
          say({ activeState: 'deactivating', subState: 'stop-sigterm' })
          await supervisord.end()
          await sleep(0.5)
          say({ activeState: 'inactive', subState: 'dead', jobType: 'start', mainPid: 0 })
          await sleep(1)
          say({ activeSeconds: 0.5 })
          await sleep(4)
          await supervisord.start()
          say(null)
        },
        truth: 'well',
        says: /^3 of 3 running$/,
      },
    ],
  },
  {
    name: 'kill -9, the unit failed',
    programs: THREE,
    alone: {},
    phases: [
      { truth: 'well', says: /^3 of 3 running$/ },
      {
        does: async ({ supervisord }) => supervisord.kill('SIGKILL'),
        truth: 'bad',
        says: /^supervisor\.service failed \(signal 9\) · 3 programs unsupervised$/,
      },
      {
        does: ({ supervisord }) => supervisord.start(),
        truth: 'well',
        says: /^3 of 3 running$/,
      },
    ],
  },
  {
    name: 'kill -9, brought back by systemd within seconds',
    programs: THREE,
    alone: {},
    phases: [
      { truth: 'well', says: /^3 of 3 running$/ },
      {
        does: async ({ supervisord, say, sleep }) => {
          say({ activeState: 'activating', subState: 'auto-restart', restarts: 1, mainPid: 0 })
          supervisord.kill('SIGKILL')
          await sleep(3)
          await supervisord.start()
          say(null)
        },
        truth: 'well',
        says: /^3 of 3 running$/,
      },
    ],
  },
  {
    name: 'kill -9, systemd waits to bring it back',
    programs: THREE,
    alone: {},
    phases: [
      { truth: 'well', says: /^3 of 3 running$/ },
      {
        does: async ({ supervisord, say }) => {
          say({ activeState: 'activating', subState: 'auto-restart', restarts: 1, mainPid: 0 })
          supervisord.kill('SIGKILL')
        },
        truth: 'bad',
        says: /^supervisor\.service activating \(auto-restart, 1 restart\) for 1\d s · 3 programs unsupervised$/,
      },
    ],
  },
  {
    name: 'systemctl stop',
    programs: THREE,
    alone: {},
    phases: [
      { truth: 'well', says: /^3 of 3 running$/ },
      {
        does: async ({ supervisord, say }) => {
          say({ activeState: 'deactivating', subState: 'stop' })
          await supervisord.ctl('shutdown')
          await supervisord.end()
          say({ activeState: 'inactive', subState: 'dead', mainPid: 0 })
        },
        truth: 'bad',
        says: /^supervisor\.service inactive \(dead\) · 3 programs unsupervised$/,
      },
    ],
  },
  {
    name: 'supervisorctl shutdown where there is no systemd',
    programs: THREE,
    alone: {},
    unit: NO_SYSTEMD,
    phases: [
      { truth: 'well', says: /^3 of 3 running$/ },
      {
        does: async ({ supervisord }) => void (await supervisord.ctl('shutdown')),
        truth: 'bad',
        says: /^supervisord is not running or its socket file was removed: there is no \{socket\}$|^supervisord does not listen yet at \{socket\} for 1\d s$/,
      },
    ],
  },
  {
    name: 'kill -9 where there is no systemd',
    programs: THREE,
    alone: {},
    unit: NO_SYSTEMD,
    phases: [
      { truth: 'well', says: /^3 of 3 running$/ },
      {
        does: async ({ supervisord }) => supervisord.kill('SIGKILL'),
        truth: 'bad',
        says: /^supervisord is not running: nobody listens at \{socket\}$/,
      },
    ],
  },
  {
    name: 'SIGSTOP, then SIGCONT',
    programs: THREE,
    alone: {},
    client: { timeoutMs: 1_000 },
    phases: [
      { truth: 'well', says: /^3 of 3 running$/ },
      {
        does: async ({ supervisord }) => supervisord.kill('SIGSTOP'),
        truth: 'bad',
        says: /^supervisord hangs: it accepts connections and does not answer \(supervisor\.getAllProcessInfo timed out after 1000 ms at unix:\/\/\{socket\}\)$/,
      },
      {
        does: async ({ supervisord }) => supervisord.kill('SIGCONT'),
        truth: 'well',
        says: /^3 of 3 running$/,
      },
    ],
  },
  {
    name: 'a supervisord that is busy for a moment',
    programs: THREE,
    alone: {},
    client: { timeoutMs: 1_000 },
    phases: [
      { truth: 'well', says: /^3 of 3 running$/ },
      {
        does: async ({ supervisord, sleep }) => {
          supervisord.kill('SIGSTOP')
          await sleep(1.2)
          supervisord.kill('SIGCONT')
        },
        truth: 'well',
        says: /^3 of 3 running$/,
      },
    ],
  },
  {
    name: 'socket file removed under a living supervisord, and put back',
    programs: THREE,
    alone: {},
    phases: [
      { truth: 'well', says: /^3 of 3 running$/ },
      {
        does: ({ supervisord: { socket } }) => rename(socket, `${socket}.away`),
        truth: 'bad',
        says: /^supervisor\.service is active but its socket file \{socket\} is gone: restart it, and keep the socket out of \/tmp$/,
      },
      {
        does: ({ supervisord: { socket } }) => rename(`${socket}.away`, socket),
        truth: 'well',
        says: /^3 of 3 running$/,
      },
    ],
  },
  {
    name: 'one of two hosts hangs: that one',
    programs: THREE,
    alone: {},
    unit: { kind: 'not-asked' },
    client: { timeoutMs: 1_000 },
    phases: [
      {
        does: async ({ supervisord, until }) => {
          await until({ one: 'RUNNING' })
          supervisord.kill('SIGSTOP')
        },
        truth: 'bad',
        says: /^supervisord hangs: /,
      },
    ],
  },
  {
    name: 'one of two hosts hangs: the other one, over TCP',
    programs: THREE,
    alone: { inet: true },
    unit: { kind: 'not-asked' },
    overTcp: true,
    phases: [{ truth: 'well', says: /^3 of 3 running$/, forSeconds: 8 }],
  },
]
