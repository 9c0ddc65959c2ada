import type { ProcessInfo } from '../../../src/collect/supervisor/process-info.ts'
import type { ProgramConfig } from '../../../src/collect/supervisor/process-info.ts'
import type { Snapshot } from '../../../src/collect/snapshot.ts'
import { IGNORES_TERM, WELL, type Scenario } from '../scenario.ts'

/** Changes every process that a look shows. */
export function distortProcesses(change: (info: ProcessInfo, count: number) => ProcessInfo) {
  return (snapshot: Snapshot, count: number): Snapshot =>
    snapshot.rpc.kind === 'answered'
      ? {
          ...snapshot,
          rpc: {
            ...snapshot.rpc,
            state: {
              ...snapshot.rpc.state,
              processes: snapshot.rpc.state.processes.map((info) => change(info, count)),
            },
          },
        }
      : snapshot
}

/** Sets supervisord's clock. */
export function distortClock(set: (now: number, count: number) => number) {
  return (snapshot: Snapshot, count = 0): Snapshot =>
    snapshot.rpc.kind === 'answered'
      ? {
          ...snapshot,
          rpc: { ...snapshot.rpc, state: { ...snapshot.rpc.state, now: set(snapshot.rpc.state.now, count) } },
        }
      : snapshot
}

function distortConfigs(change: (config: ProgramConfig) => ProgramConfig) {
  return (snapshot: Snapshot): Snapshot =>
    snapshot.rpc.kind === 'answered'
      ? {
          ...snapshot,
          rpc: {
            ...snapshot.rpc,
            state: { ...snapshot.rpc.state, configs: snapshot.rpc.state.configs?.map(change) ?? null },
          },
        }
      : snapshot
}

const withoutConfigs = (snapshot: Snapshot): Snapshot =>
  snapshot.rpc.kind === 'answered'
    ? { ...snapshot, rpc: { ...snapshot.rpc, state: { ...snapshot.rpc.state, configs: null } } }
    : snapshot

/** `sleep`, then exit: long enough to have been RUNNING. */
const exits = (how: string): string => `/bin/sh -c "sleep 1.3; ${how}"`

/** Every state of a program, and what may be behind it. */
export const STATES: readonly Scenario[] = [
  {
    name: 'RUNNING',
    programs: { running: WELL },
    phases: [{ truth: 'well', says: /^1 of 1 running$/ }],
  },
  {
    name: 'STARTING within its startsecs',
    programs: { slowstart: { command: WELL, startsecs: 600 } },
    phases: [{ truth: 'well', says: /^slowstart STARTING( for \d+ s)? · 0 of 1 running$/, forSeconds: 14 }],
  },
  {
    name: 'STARTING long after its startsecs (fixture)',
    programs: { stuckstart: { command: WELL, startsecs: 600 } },
    distorts: distortConfigs((config) => ({ ...config, startsecs: 1 })),
    phases: [{ truth: 'bad', says: /^stuckstart STARTING for 1\d s · 0 of 1 running$/ }],
  },
  {
    name: 'BACKOFF again and again',
    programs: { backoff: { command: '/bin/sh -c "sleep 0.1; exit 3"', startsecs: 5, startretries: 500 } },
    phases: [
      {
        truth: 'bad',
        says: /^backoff BACKOFF: Exited too quickly, \d times in \d+ s · 0 of 1 running$/,
      },
    ],
  },
  {
    name: 'BACKOFF once, the second start works',
    programs: {
      secondtry: {
        command: `/bin/sh -c "test -f %(here)s/second-try && exec ${WELL}; touch %(here)s/second-try; exit 1"`,
        startretries: 3,
      },
    },
    phases: [{ truth: 'well', says: /^1 of 1 running$/ }],
  },
  {
    name: 'FATAL: no such command',
    programs: { nocommand: { command: '/nonexistent/program', startretries: 0 } },
    phases: [
      {
        truth: 'bad',
        says: /^nocommand FATAL: can't find command '\/nonexistent\/program' · 0 of 1 running$/,
      },
    ],
  },
  {
    name: 'FATAL: ends too quickly',
    programs: { tooquick: { command: '/bin/false', startretries: 1 } },
    phases: [{ truth: 'bad', says: /^tooquick FATAL: Exited too quickly, see its log · 0 of 1 running$/ }],
  },
  {
    name: 'FATAL: not executable',
    programs: { noexec: { command: '/etc/passwd', startretries: 0 } },
    phases: [
      { truth: 'bad', says: /^noexec FATAL: command at '\/etc\/passwd' is not executable · 0 of 1 running$/ },
    ],
  },
  {
    name: 'FATAL with a reason of 400 characters',
    programs: { longreason: { command: `/nonexistent/${'x'.repeat(400)}`, startretries: 0 } },
    phases: [
      { truth: 'bad', says: /^longreason FATAL: can't find command '\/nonexistent\/x+… · 0 of 1 running$/ },
    ],
  },
  {
    name: 'FATAL with control characters and colours in the reason (fixture)',
    programs: { colours: { command: '/nonexistent/c', startretries: 0 } },
    distorts: distortProcesses((info) => ({ ...info, spawnerr: '\u001b[31mbad\u001b[0m\r\n\tidea\u0000' })),
    phases: [{ truth: 'bad', says: /^colours FATAL: \[31mbad \[0m idea · 0 of 1 running$/ }],
  },
  {
    name: 'EXITED as expected, code 0',
    programs: { exit0: { command: exits('exit 0'), autorestart: 'unexpected' } },
    phases: [{ truth: 'well', says: /^0 of 1 running, 1 exited as expected$/ }],
  },
  {
    name: 'EXITED as expected, code 2 of exitcodes=0,2',
    programs: { exit2: { command: exits('exit 2'), exitcodes: '0,2', autorestart: 'unexpected' } },
    phases: [{ truth: 'well', says: /^0 of 1 running, 1 exited as expected$/ }],
  },
  {
    name: 'EXITED unexpectedly, code 7',
    programs: { exit7: { command: exits('exit 7'), autorestart: false } },
    phases: [{ truth: 'bad', says: /^exit7 EXITED unexpectedly: exit 7 · 0 of 1 running$/ }],
  },
  {
    name: 'EXITED by a signal',
    programs: { exitkill: { command: exits('kill -9 $$'), autorestart: false } },
    phases: [{ truth: 'bad', says: /^exitkill EXITED unexpectedly: killed by a signal · 0 of 1 running$/ }],
  },
  {
    name: 'EXITED, implementation without spawnerr and configuration (fixture)',
    programs: { goexit: { command: exits('exit 3'), autorestart: false } },
    distorts: (snapshot) =>
      distortProcesses((info) => ({ ...info, spawnerr: null }))(withoutConfigs(snapshot), 0),
    phases: [{ truth: 'bad', says: /^goexit EXITED unexpectedly: exit 3 · 0 of 1 running$/ }],
  },
  {
    name: 'EXITED with 0, implementation without spawnerr and configuration (fixture)',
    programs: { goexit0: { command: exits('exit 0'), autorestart: false } },
    distorts: (snapshot) =>
      distortProcesses((info) => ({ ...info, spawnerr: null }))(withoutConfigs(snapshot), 0),
    phases: [{ truth: 'well', says: /^0 of 1 running, 1 exited as expected$/ }],
  },
  {
    name: 'STOPPED, never started',
    programs: { never: { command: WELL, autostart: false } },
    phases: [{ truth: 'well', says: /^0 of 1 running, 1 never started$/ }],
  },
  {
    name: 'STOPPED by hand',
    programs: { byhand: WELL },
    phases: [
      { truth: 'well', says: /^1 of 1 running$/ },
      {
        does: async ({ supervisord }) => void (await supervisord.ctl('stop', 'byhand')),
        truth: 'bad',
        says: /^byhand STOPPED by hand · 0 of 1 running$/,
      },
      {
        does: async ({ supervisord }) => void (await supervisord.ctl('start', 'byhand')),
        truth: 'well',
        says: /^1 of 1 running$/,
      },
    ],
  },
  {
    name: 'STOPPED by hand where that is allowed',
    programs: { byhandok: WELL },
    rules: { stopped: 'ok' },
    phases: [
      {
        does: async ({ supervisord, until }) => {
          await until({ byhandok: 'RUNNING' })
          await supervisord.ctl('stop', 'byhandok')
        },
        truth: 'well',
        says: /^0 of 1 running, 1 stopped$/,
        forSeconds: 6,
      },
    ],
  },
  {
    name: 'STOPPING within its stopwaitsecs',
    programs: {
      slowstop: {
        command: IGNORES_TERM,
        stopwaitsecs: 60,
        startsecs: 0,
        stopasgroup: true,
        killasgroup: true,
      },
    },
    phases: [
      {
        does: async ({ supervisord, until }) => {
          await until({ slowstop: 'RUNNING' })
          void supervisord.ctl('stop', 'slowstop')
          await until({ slowstop: 'STOPPING' })
        },
        truth: 'well',
        says: /^slowstop STOPPING( for \d+ s)? · 0 of 1 running$/,
        forSeconds: 14,
      },
    ],
  },
  {
    name: 'STOPPING long after its stopwaitsecs (fixture)',
    programs: {
      stuckstop: {
        command: IGNORES_TERM,
        stopwaitsecs: 60,
        startsecs: 0,
        stopasgroup: true,
        killasgroup: true,
      },
    },
    distorts: distortConfigs((config) => ({ ...config, stopwaitsecs: 1 })),
    phases: [
      {
        does: async ({ supervisord, until }) => {
          await until({ stuckstop: 'RUNNING' })
          void supervisord.ctl('stop', 'stuckstop')
        },
        truth: 'bad',
        says: /^stuckstop STOPPING for 1\d s · 0 of 1 running$/,
      },
    ],
  },
  {
    name: 'UNKNOWN (fixture)',
    programs: { lost: WELL },
    distorts: distortProcesses((info) => ({ ...info, state: 'UNKNOWN' })),
    phases: [
      {
        truth: 'bad',
        says: /^lost UNKNOWN: supervisord has lost track of it, restart it · 0 of 1 running$/,
      },
    ],
  },
  {
    name: 'FATAL and STOPPED together: the worst first',
    programs: { twofatal: { command: '/nonexistent/2', startretries: 0 }, twostopped: WELL, twowell: WELL },
    phases: [
      {
        does: async ({ supervisord, until }) => {
          // Before its start it would be one that never was started.
          await until({ twostopped: 'RUNNING' })
          await supervisord.ctl('stop', 'twostopped')
        },
        truth: 'bad',
        says: /^twofatal FATAL: .+ \(\+1 more: twostopped\) · 1 of 3 running$/,
      },
    ],
  },
  {
    name: 'EXITED and BACKOFF together',
    programs: {
      pairexit: { command: exits('exit 1'), autorestart: false },
      pairback: { command: '/bin/sh -c "sleep 0.1; exit 3"', startsecs: 5, startretries: 500 },
    },
    phases: [
      {
        truth: 'bad',
        says: /^pairexit EXITED unexpectedly: exit 1 (\(\+1 more: pairback\) )?· 0 of 2 running$/,
      },
    ],
  },
  {
    name: 'FATAL while another one is STARTING',
    programs: {
      fatalbeside: { command: '/nonexistent/3', startretries: 0 },
      startbeside: { command: WELL, startsecs: 600 },
    },
    phases: [
      { truth: 'bad', says: /^fatalbeside FATAL: can't find command '\/nonexistent\/3' · 0 of 2 running$/ },
    ],
  },
]
