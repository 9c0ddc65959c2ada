import { writeFile } from 'node:fs/promises'
import { IGNORES_TERM, WELL, type Scenario, type Stage } from '../scenario.ts'
import { distortClock, distortProcesses } from './states.ts'

const dies = (how: string): Record<string, string | boolean> => ({
  command: `/bin/sh -c "sleep 1.4; ${how}"`,
  autorestart: true,
})

/** Ends once with the code as soon as the file of its name is there. */
const diesWhenTold = (name: string, code: number): string =>
  `/bin/sh -c "cd %(here)s; test -f ${name}.done && exec ${WELL}; until test -f ${name}; do sleep 0.1; done; touch ${name}.done; exit ${code}"`

async function kill({ pidOf }: Stage, program: string): Promise<void> {
  const pid = await pidOf(program)
  if (pid > 1) process.kill(pid, 'SIGKILL')
}

/** Transitions: what people and programs do, asked for or not. */
export const RESTARTS: readonly Scenario[] = [
  {
    name: 'restart by supervisorctl',
    programs: { restarted: WELL },
    phases: [
      {
        does: async ({ supervisord, until }) => {
          await until({ restarted: 'RUNNING' })
          await supervisord.ctl('restart', 'restarted')
        },
        truth: 'well',
        says: /^1 of 1 running$/,
      },
    ],
  },
  {
    name: 'four restarts by supervisorctl in a row',
    programs: { often: WELL },
    phases: [
      {
        does: async ({ supervisord, until, sleep }) => {
          await until({ often: 'RUNNING' })
          for (let count = 0; count < 4; count += 1) {
            await supervisord.ctl('restart', 'often')
            await sleep(0.5)
          }
        },
        truth: 'well',
        says: /^1 of 1 running$/,
      },
    ],
  },
  {
    name: 'restart of a group that waits for its slowest program',
    programs: {
      'group:deploy': { programs: 'deployslow,deployquick' },
      deployslow: {
        command: IGNORES_TERM,
        stopwaitsecs: 8,
        startsecs: 0,
        stopasgroup: true,
        killasgroup: true,
      },
      deployquick: WELL,
    },
    phases: [
      {
        does: async ({ supervisord, until }) => {
          await until({ deployslow: 'RUNNING', deployquick: 'RUNNING' })
          await supervisord.ctl('restart', 'deploy:*')
        },
        truth: 'well',
        says: /^2 of 2 running$/,
      },
    ],
  },
  {
    name: 'the quick one of such a group, watched alone',
    programs: {
      'group:alone': { programs: 'aloneslow,alonequick' },
      aloneslow: {
        command: IGNORES_TERM,
        stopwaitsecs: 8,
        startsecs: 0,
        stopasgroup: true,
        killasgroup: true,
      },
      alonequick: WELL,
    },
    rules: { programs: ['alone:alonequick'] },
    phases: [
      {
        does: async ({ supervisord, until }) => {
          await until({ aloneslow: 'RUNNING', alonequick: 'RUNNING' })
          await supervisord.ctl('restart', 'alone:*')
        },
        truth: 'well',
        says: /^1 of 1 running$/,
      },
    ],
  },
  {
    name: 'FATAL, then mended and started',
    programs: {
      mended: {
        command: `/bin/sh -c "test -f %(here)s/mended && exec ${WELL}; exit 1"`,
        startretries: 0,
      },
    },
    phases: [
      { truth: 'bad', says: /^mended FATAL: Exited too quickly, see its log · 0 of 1 running$/ },
      {
        does: async ({ supervisord }) => {
          await writeFile(`${supervisord.dir}/mended`, '')
          await supervisord.ctl('start', 'mended')
        },
        truth: 'well',
        says: /^1 of 1 running$/,
      },
    ],
  },
  {
    name: 'RUNNING, then FATAL',
    programs: {
      later: {
        command: `/bin/sh -c "test -f %(here)s/later && exit 1; exec ${WELL}"`,
        startretries: 0,
        autorestart: true,
      },
    },
    phases: [
      { truth: 'well', says: /^1 of 1 running$/ },
      {
        does: async (stage) => {
          await writeFile(`${stage.supervisord.dir}/later`, '')
          await kill(stage, 'later')
        },
        truth: 'bad',
        says: /^later FATAL: Exited too quickly, see its log · 0 of 1 running$/,
      },
    ],
  },
  {
    name: 'one death that supervisord mends',
    programs: { once: WELL },
    phases: [
      {
        does: async (stage) => {
          await stage.until({ once: 'RUNNING' })
          await stage.sleep(1)
          await kill(stage, 'once')
        },
        truth: 'well',
        says: /^1 of 1 running · once restarted 1× \(killed by SIGKILL\) (just now|\d+ s ago)$/,
        forSeconds: 5,
      },
    ],
  },
  {
    name: 'deaths that are told with their exit code, two programs',
    programs: { codea: diesWhenTold('codea', 4), codeb: diesWhenTold('codeb', 5) },
    phases: [
      {
        does: async ({ supervisord, until, sleep }) => {
          for (const name of ['codea', 'codeb']) {
            await until({ [name]: 'RUNNING' })
            await sleep(1)
            await writeFile(`${supervisord.dir}/${name}`, '')
          }
          await sleep(3)
        },
        truth: 'well',
        // The later one first, unless one look has met them both.
        says: /^2 of 2 running · (?:codea restarted 1× \(exit 4\)|codeb restarted 1× \(exit 5\)) .+ ago \(\+1 more\)$/,
        forSeconds: 3,
      },
    ],
  },
  {
    name: 'crash loop by exit 1, always STARTING or RUNNING',
    programs: { looping: dies('exit 1') },
    phases: [
      { truth: 'bad', says: /^looping crash loop: \d+ restarts in \d+ s \(exit 1\) · 0 of 1 running$/ },
    ],
  },
  {
    name: 'crash loop by SIGSEGV',
    programs: { segv: dies('kill -SEGV $$') },
    phases: [
      {
        truth: 'bad',
        says: /^segv crash loop: \d+ restarts in \d+ s \(killed by SIGSEGV(, core dumped)?\) · 0 of 1 running$/,
      },
    ],
  },
  {
    name: 'kill -9 from outside, again and again',
    programs: { hunted: WELL },
    phases: [
      {
        does: async (stage) => {
          for (let count = 0; count < 4; count += 1) {
            await stage.until({ hunted: 'RUNNING' })
            await kill(stage, 'hunted')
            await stage.sleep(2)
          }
        },
        truth: 'bad',
        says: /^hunted crash loop: [34] restarts in \d+ s \(killed by SIGKILL\) · 0 of 1 running$/,
      },
    ],
  },
  {
    name: 'crash loop of one, its neighbour watched',
    programs: { loopbeside: dies('exit 1'), wellbeside: WELL },
    rules: { programs: ['wellbeside'] },
    phases: [{ truth: 'well', says: /^1 of 1 running$/, forSeconds: 10 }],
  },
  {
    name: 'crash loop that ends in a stop by hand',
    programs: { loopstopped: dies('exit 1') },
    phases: [
      { truth: 'bad', says: /^loopstopped crash loop: / },
      {
        does: async ({ supervisord }) => void (await supervisord.ctl('stop', 'loopstopped')),
        truth: 'bad',
        says: /^loopstopped STOPPED by hand · 0 of 1 running$/,
      },
    ],
  },
  {
    name: 'a program that ends as expected and is started again, for ever',
    programs: { batch: dies('exit 0') },
    phases: [{ truth: 'well', says: /^1 of 1 running$|^batch STARTING|exited as expected/, forSeconds: 12 }],
  },
  {
    name: 'ends by design every 3 s, supervisord without a log',
    programs: { nolog: { command: '/bin/sh -c "sleep 3; exit 0"', autorestart: true } },
    alone: { extra: '[supervisord]\nlogfile = /dev/null\n' },
    phases: [
      { truth: 'well', says: /^(1 of 1 running|nolog STARTING|0 of 1 running, 1 exited)/, forSeconds: 25 },
    ],
  },
  {
    name: 'four restarts by supervisorctl in a row, supervisord without a log',
    programs: { oftennolog: WELL },
    alone: { extra: '[supervisord]\nlogfile = /dev/null\n' },
    phases: [
      {
        does: async ({ supervisord, until, sleep }) => {
          await until({ oftennolog: 'RUNNING' })
          for (let count = 0; count < 4; count += 1) {
            await supervisord.ctl('restart', 'oftennolog')
            await sleep(0.5)
          }
        },
        truth: 'well',
        says: /^1 of 1 running( · oftennolog restarted \d× .*, reason unknown: supervisord's log cannot be read)?$/,
      },
    ],
  },
  {
    name: 'a worker that is hardly up before it ends as expected, seen in its starts alone (fixture)',
    programs: { shortlived: { command: '/bin/sh -c "sleep 1.2; exit 0"', autorestart: true } },
    distorts: distortProcesses((info) => (info.state === 'RUNNING' ? { ...info, state: 'STARTING' } : info)),
    phases: [{ truth: 'well', says: /^shortlived STARTING|exited as expected/, forSeconds: 25 }],
  },
  {
    name: 'date set back under running programs (fixture)',
    programs: { rollback: WELL },
    distorts: (snapshot, count) => {
      const backSeconds = 3600 * Math.floor(count / 4)
      const set = distortClock((now) => now - backSeconds)(snapshot)
      return distortProcesses((info) => ({ ...info, start: info.start - backSeconds }))(set, count)
    },
    phases: [{ truth: 'well', says: /^1 of 1 running$/, forSeconds: 10 }],
  },
  {
    name: 'date set forward by a day, or a host that slept (fixture)',
    programs: { forward: WELL },
    distorts: distortClock((now, count) => now + (count > 6 ? 86_400 : 0)),
    phases: [{ truth: 'well', says: /^1 of 1 running$/, forSeconds: 6 }],
  },
]
