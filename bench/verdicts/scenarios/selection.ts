import { type Phase, WELL, type Scenario } from '../scenario.ts'
import { distortProcesses } from './states.ts'

const BROKEN = { command: '/nonexistent/broken', startretries: 0 }

/** Which programs count, how many of them must run, and how they are called. */
export const SELECTION: readonly Scenario[] = [
  {
    name: 'a group by glob, another group FATAL',
    programs: {
      'group:shop': { programs: 'shopa,shopb' },
      shopa: WELL,
      shopb: WELL,
      elsewhere: BROKEN,
    },
    rules: { programs: ['shop:*'] },
    phases: [{ truth: 'well', says: /^2 of 2 running$/, forSeconds: 4 }],
  },
  {
    name: 'a FATAL program that is excluded',
    programs: { inside: WELL, outside: BROKEN },
    rules: { exclude: ['outside'] },
    phases: [{ truth: 'well', says: /^1 of 1 running$/, forSeconds: 4 }],
  },
  {
    name: 'the watched one of two FATAL',
    programs: { unwatched: BROKEN, watched: BROKEN },
    rules: { programs: ['watched'] },
    phases: [
      { truth: 'bad', says: /^watched FATAL: can't find command '\/nonexistent\/broken' · 0 of 1 running$/ },
    ],
  },
  {
    name: 'a program that is named and absent',
    programs: { present: WELL },
    rules: { programs: ['present', 'gone'] },
    phases: [{ truth: 'bad', says: /^no program matches "gone" · 1 of 1 running$/ }],
  },
  {
    name: "a group's name without its star",
    programs: { 'group:team': { programs: 'teama' }, teama: WELL },
    rules: { programs: ['team'] },
    phases: [
      {
        truth: 'bad',
        says: /^no program matches "team" \(the group of that name is "team:\*"\) · 0 of 0 running$/,
      },
    ],
  },
  {
    name: 'everything excluded',
    programs: { onlya: WELL, onlyb: WELL },
    rules: { exclude: ['*'] },
    phases: [{ truth: 'bad', says: /^exclude leaves none of the 2 programs · 0 of 0 running$/ }],
  },
  {
    name: 'numprocs, one of four dead: no quorum asked',
    programs: {
      four: {
        command: '/bin/sh -c "test %(process_num)s = 3 && exit 1; exec sleep 1000"',
        numprocs: 4,
        process_name: 'four_%(process_num)02d',
        startretries: 0,
      },
    },
    phases: [
      { truth: 'bad', says: /^four:four_03 FATAL: Exited too quickly, see its log · 3 of 4 running$/ },
    ],
  },
  {
    name: 'quorum of all, one stopped by hand',
    programs: { alla: WELL, allb: WELL },
    rules: { minRunning: 2 },
    phases: [
      { truth: 'well', says: /^2 of 2 running$/ },
      {
        does: async ({ supervisord }) => void (await supervisord.ctl('stop', 'alla')),
        truth: 'bad',
        says: /^alla STOPPED by hand · 1 of 2 running$/,
      },
    ],
  },
  {
    name: 'stopped and started again and again',
    programs: { flapping: { command: WELL, startsecs: 0 } },
    phases: [
      ...[1, 2].flatMap((): readonly Phase[] => [
        {
          does: async ({ supervisord, until }) => {
            await until({ flapping: 'RUNNING' })
            await supervisord.ctl('stop', 'flapping')
          },
          truth: 'bad',
          says: /^flapping STOPPED by hand · 0 of 1 running$/,
        },
        {
          does: async ({ supervisord }) => void (await supervisord.ctl('start', 'flapping')),
          truth: 'well',
          says: /^1 of 1 running$/,
        },
      ]),
      {
        does: async ({ supervisord }) => {
          await supervisord.ctl('stop', 'flapping')
        },
        truth: 'bad',
        says: /^flaps: 3 times in \d+ s: flapping STOPPED by hand · 0 of 1 running$/,
      },
      {
        does: async ({ supervisord, until }) => {
          await supervisord.ctl('start', 'flapping')
          await until({ flapping: 'RUNNING' })
        },
        truth: 'bad',
        says: /^flaps: 3 times in \d+ s: flapping STOPPED by hand · 1 of 1 running$/,
      },
    ],
  },
  {
    name: 'quorum 3 of 4, one dead',
    programs: {
      enough: {
        command: '/bin/sh -c "test %(process_num)s = 3 && exit 1; exec sleep 1000"',
        numprocs: 4,
        process_name: 'enough_%(process_num)02d',
        startretries: 0,
      },
    },
    rules: { minRunning: 3 },
    phases: [
      {
        truth: 'well',
        says: /^enough:enough_03 FATAL: Exited too quickly, see its log · 3 of 4 running$/,
        forSeconds: 4,
      },
    ],
  },
  {
    name: 'quorum 3 of 4, two dead',
    programs: {
      fewer: {
        command: '/bin/sh -c "test %(process_num)s -ge 2 && exit 1; exec sleep 1000"',
        numprocs: 4,
        process_name: 'fewer_%(process_num)02d',
        startretries: 0,
      },
    },
    rules: { minRunning: 3 },
    phases: [
      {
        truth: 'bad',
        says: /^fewer:fewer_02 FATAL: Exited too quickly, see its log \(\+1 more: fewer:fewer_03\) · 2 of 4 running$/,
      },
    ],
  },
  {
    name: 'quorum 1 of 2, one stopped by hand, the other restarted',
    programs: { quora: WELL, quorb: WELL },
    rules: { minRunning: 1 },
    phases: [
      {
        does: async ({ supervisord, until, sleep }) => {
          await until({ quora: 'RUNNING', quorb: 'RUNNING' })
          await supervisord.ctl('stop', 'quora')
          await sleep(4)
          await supervisord.ctl('restart', 'quorb')
        },
        truth: 'well',
        says: /^quora STOPPED by hand · 1 of 2 running$/,
        forSeconds: 4,
      },
    ],
  },
  {
    name: 'quorum above the number of programs',
    programs: { asked: WELL },
    rules: { minRunning: 3 },
    phases: [{ truth: 'bad', says: /^min_running is 3 but there is only 1 program · 1 of 1 running$/ }],
  },
  {
    name: 'quorum and programs that have done their work',
    programs: { done: { command: '/bin/sh -c "sleep 1.3"', autorestart: false }, working: WELL },
    rules: { minRunning: 2 },
    phases: [
      {
        truth: 'bad',
        says: /^only 1 running, at least 2 needed · 1 of 2 running, 1 exited as expected$/,
      },
    ],
  },
  {
    name: 'an event listener is a program like others',
    programs: { 'eventlistener:ears': { command: '/bin/cat', events: 'TICK_3600' }, besideears: WELL },
    phases: [{ truth: 'well', says: /^2 of 2 running$/ }],
  },
  {
    name: 'an event listener that cannot be started',
    programs: {
      'eventlistener:deaf': { command: '/nonexistent/ears', events: 'TICK_3600', startretries: 0 },
    },
    phases: [
      { truth: 'bad', says: /^deaf FATAL: can't find command '\/nonexistent\/ears' · 0 of 1 running$/ },
    ],
  },
  {
    name: 'a name with letters of all kinds and XML signs',
    programs: {
      oddname: { ...BROKEN, process_name: 'größe&<東京>"\'' },
    },
    phases: [{ truth: 'bad', says: /^oddname:größe&<東京>"' FATAL: can't find command/ }],
  },
  {
    name: 'a name with spaces, colons and an emoji, as older ones allow (fixture)',
    programs: { colons: BROKEN },
    distorts: distortProcesses((info) => ({ ...info, group: 'my group', name: 'a: b 🔴' })),
    phases: [{ truth: 'bad', says: /^my group:a: b 🔴 FATAL: can't find command/ }],
  },
]
