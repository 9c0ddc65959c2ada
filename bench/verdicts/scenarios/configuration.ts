import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { WELL, type Scenario, type Stage } from '../scenario.ts'

const THREE = Object.fromEntries(['one', 'two', 'three'].map((name) => [name, WELL]))

async function edit({ supervisord }: Stage, from: RegExp, to: string): Promise<void> {
  const text = await readFile(supervisord.conf, 'utf8')
  await writeFile(supervisord.conf, text.replace(from, to))
  await supervisord.ctl('update')
}

/** What `supervisorctl update` brings about, and a configuration of a thousand programs. */
export const CONFIGURATION: readonly Scenario[] = [
  {
    name: 'update that removes a watched program',
    programs: THREE,
    alone: {},
    rules: { programs: ['one', 'two'] },
    phases: [
      { truth: 'well', says: /^2 of 2 running$/ },
      {
        does: (stage) => edit(stage, /\[program:two\][^[]+/, ''),
        truth: 'bad',
        says: /^no program matches "two" · 1 of 1 running$/,
      },
    ],
  },
  {
    name: 'update that removes a program nobody named',
    programs: THREE,
    alone: {},
    phases: [
      { truth: 'well', says: /^3 of 3 running$/ },
      {
        does: (stage) => edit(stage, /\[program:two\][^[]+/, ''),
        truth: 'well',
        says: /^2 of 2 running$/,
        forSeconds: 5,
      },
    ],
  },
  {
    name: 'update that renames a program within its glob',
    programs: THREE,
    alone: {},
    rules: { programs: ['t*'] },
    phases: [
      { truth: 'well', says: /^2 of 2 running$/ },
      {
        does: (stage) => edit(stage, /\[program:two\]/, '[program:twelve]'),
        truth: 'well',
        says: /^2 of 2 running$/,
        forSeconds: 5,
      },
    ],
  },
  {
    name: 'update that changes a command',
    programs: THREE,
    alone: {},
    phases: [
      { truth: 'well', says: /^3 of 3 running$/ },
      {
        does: (stage) => edit(stage, /command = sleep 1000/g, 'command = sleep 999'),
        truth: 'well',
        says: /^3 of 3 running$/,
        forSeconds: 5,
      },
    ],
  },
  {
    name: 'update that adds a program, which is FATAL',
    programs: THREE,
    alone: {},
    phases: [
      { truth: 'well', says: /^3 of 3 running$/ },
      {
        does: async ({ supervisord }) => {
          const text = '[program:four]\ncommand = /nonexistent/four\nstartretries = 0\n'
          await appendFile(supervisord.conf, text)
          await supervisord.ctl('update')
        },
        truth: 'bad',
        says: /^four FATAL: can't find command '\/nonexistent\/four' · 3 of 4 running$/,
      },
    ],
  },
  {
    name: '1,000 programs, 10 of them started',
    programs: {
      crowd: {
        command: WELL,
        numprocs: 989,
        process_name: 'crowd_%(process_num)04d',
        autostart: false,
      },
      few: { command: WELL, numprocs: 11, process_name: 'few_%(process_num)02d' },
    },
    alone: {},
    client: { timeoutMs: 60_000 },
    phases: [
      { truth: 'well', says: /^11 of 1000 running, 989 never started$/ },
      {
        does: async ({ supervisord }) => void (await supervisord.ctl('stop', 'few:few_07')),
        truth: 'bad',
        says: /^few:few_07 STOPPED by hand · 10 of 1000 running, 989 never started$/,
      },
    ],
  },
]
