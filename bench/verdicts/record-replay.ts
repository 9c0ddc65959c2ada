// node --import tsx bench/verdicts/record-replay.ts: records the fixtures of test/fixtures/replay anew, from a real supervisord.
import { readFile, writeFile } from 'node:fs/promises'
import { encodeRecording, play, type TimedSnapshot } from '../../test/helpers/replay.ts'
import { runCommand } from '../../test/helpers/run-command.ts'
import { openStage } from './stage.ts'
import { IGNORES_TERM, WELL, type Stage } from './scenario.ts'
import type { SupervisordOptions } from '../../test/helpers/supervisord.ts'

interface Story {
  readonly file: string
  readonly about: string
  readonly programs: NonNullable<SupervisordOptions['programs']>
  readonly happens: (stage: Stage) => Promise<void>
  /** Adds what would take too long to record. */
  readonly goesOn?: (snapshots: readonly TimedSnapshot[]) => readonly TimedSnapshot[]
}

/** The last look again and again, a minute apart. */
function quiet(minutes: number) {
  return (snapshots: readonly TimedSnapshot[]): TimedSnapshot[] => {
    const last = snapshots.at(-1)
    if (last === undefined) return []
    return Array.from({ length: minutes }, (_, index) => ({
      ...last,
      atMs: last.atMs + (index + 1) * 60_000,
    }))
  }
}

async function kill({ pidOf }: Stage, program: string): Promise<void> {
  const pid = await pidOf(program)
  if (pid > 1) process.kill(pid, 'SIGKILL')
}

const STORIES: readonly Story[] = [
  {
    file: 'deploys',
    about:
      'A day with deploys in a minute: restarts of one program and of a group with a slow one, an update with a changed command, a reload. Recorded whole.',
    programs: {
      web: WELL,
      'group:celery': { programs: 'slow,quick' },
      slow: { command: IGNORES_TERM, stopwaitsecs: 6, startsecs: 0, stopasgroup: true, killasgroup: true },
      quick: WELL,
    },
    async happens({ supervisord, sleep, until }) {
      await until({ web: 'RUNNING', slow: 'RUNNING', quick: 'RUNNING' })
      for (let count = 0; count < 4; count += 1) {
        await supervisord.ctl('restart', 'web')
        await sleep(2)
      }
      await supervisord.ctl('restart', 'celery:*')
      await sleep(3)
      const text = await readFile(supervisord.conf, 'utf8')
      await writeFile(supervisord.conf, text.replaceAll('sleep 1000', 'sleep 999'))
      await supervisord.ctl('update')
      await sleep(3)
      await supervisord.ctl('reload')
      await sleep(10)
      await until({ web: 'RUNNING', slow: 'RUNNING', quick: 'RUNNING' })
      await sleep(2)
    },
  },
  {
    file: 'crash-loop',
    about:
      'A program that dies every two seconds with exit 1, is repaired and restarted by hand. The quiet six minutes at the end are its last look, repeated.',
    programs: {
      web: WELL,
      worker: { command: `/bin/sh -c "test -f %(here)s/repaired && exec ${WELL}; sleep 1.4; exit 1"` },
    },
    async happens({ supervisord, sleep }) {
      await sleep(14)
      await writeFile(`${supervisord.dir}/repaired`, '')
      await supervisord.ctl('restart', 'worker')
      await sleep(4)
    },
    goesOn: quiet(6),
  },
  {
    file: 'slow-start',
    about:
      'A program with startsecs=14 comes up; its next start dies at once, again and again, until supervisord gives up. Recorded whole.',
    programs: {
      web: WELL,
      java: {
        command: `/bin/sh -c "test -f %(here)s/broken && exit 3; exec ${WELL}"`,
        startsecs: 14,
        startretries: 2,
      },
    },
    async happens({ supervisord, sleep, until }) {
      await until({ java: 'RUNNING' })
      await writeFile(`${supervisord.dir}/broken`, '')
      await supervisord.ctl('restart', 'java')
      await until({ java: 'FATAL' })
      await sleep(2)
    },
  },
  {
    file: 'oom-kill',
    about:
      'A worker is killed once with SIGKILL, as the kernel does when memory runs out, and comes back; then supervisord itself, and systemd brings it back. The kills were sent by the recorder; what systemd says is made.',
    programs: { web: WELL, worker: WELL },
    async happens(stage) {
      const { supervisord, sleep, until, say } = stage
      await until({ web: 'RUNNING', worker: 'RUNNING' })
      await sleep(1)
      await kill(stage, 'worker')
      await sleep(5)
      say({
        activeState: 'activating',
        subState: 'auto-restart',
        result: 'oom-kill',
        restarts: 1,
        mainPid: 0,
      })
      supervisord.kill('SIGKILL')
      await sleep(16)
      await supervisord.start()
      say(null)
      await until({ web: 'RUNNING', worker: 'RUNNING' })
      await sleep(2)
    },
  },
]

const EVERY_SECONDS = 0.6

/** Looks while it happens; the temporary folder gets a lasting name. */
async function record(
  programs: Story['programs'],
  happens: Story['happens'],
): Promise<readonly TimedSnapshot[]> {
  const { stage, snapshot, close } = await openStage({ programs })
  const snapshots: TimedSnapshot[] = []
  try {
    const startedAt = performance.now()
    const over = new AbortController()
    const happening = happens(stage).finally(() => over.abort())
    while (!over.signal.aborted) {
      const seen = await snapshot()
      snapshots.push({ atMs: Math.round(performance.now() - startedAt), snapshot: seen })
      await stage.sleep(EVERY_SECONDS)
    }
    await happening
  } finally {
    await close()
  }
  const text = JSON.stringify(snapshots).replaceAll(stage.supervisord.dir, '/srv/supervisor')
  return JSON.parse(text) as TimedSnapshot[]
}

const version = (await runCommand(['supervisord', '--version'])).stdout.trim()
await Promise.all(
  STORIES.map(async ({ file, about, programs, happens, goesOn }) => {
    const snapshots = await record(programs, happens)
    const all = [...snapshots, ...(goesOn?.(snapshots) ?? [])]
    const timeline = play({ snapshots: all, rules: {} })
    const recording = { about, recordedWith: `supervisord ${version}`, rules: {}, snapshots: all, timeline }
    await writeFile(`test/fixtures/replay/${file}.json`, encodeRecording(recording))
    console.log(`${file}: ${all.length} looks\n  ${timeline.join('\n  ')}`)
  }),
)
