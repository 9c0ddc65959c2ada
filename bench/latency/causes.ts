import { writeFileSync } from 'node:fs'
import { RESTARTED, type Stage } from './stage.ts'

/** `performance.now()` of the cause; a function where it is known only afterwards. */
export type CauseTime = number | (() => Promise<number>)

export type Shot = () => CauseTime | Promise<CauseTime>

/** Something that happens to the host, to be told to Kuma. */
export interface Cause {
  readonly name: string
  /** Who would ever tell it, beside the agent. */
  readonly seenBy: readonly ('cron' | 'poller' | 'listener')[]
  /** What a heartbeat says that tells it, and what the event listener's says where not any does. */
  readonly told: { readonly status: 'up' | 'down'; readonly says: RegExp; readonly event?: RegExp }
  /** What supervisor.service says of its restart; Debian's unit waits for 50 s. */
  readonly unitRestart: 'no' | 'on-failure'
  /** Only every tenth run: it takes its time by design. */
  readonly isSlow?: boolean
  /** Milliseconds in which nothing happens before it. */
  readonly restMs?: number
  /** Prepares it and gives what brings it about: supervisord is not to be asked anything shortly before. */
  aim(stage: Stage, run: number): Promise<Shot>
  /** Makes everything well again before a run. */
  mend(stage: Stage, run: number): Promise<unknown>
}

const DOWN = { status: 'down', says: /./ } as const
const BOTH = ['poller', 'listener'] as const

/** Of what a killed supervisord leaves behind, nothing is to be left. */
const startAnew = ({ sh }: Stage) =>
  sh(
    'systemctl kill --signal=KILL --kill-who=all supervisor || true; systemctl reset-failed supervisor || true; systemctl restart supervisor',
  )

const aimAt = async (stage: Stage, pidCommand: string): Promise<Shot> => {
  const pid = stage.outerPid(Number(await stage.sh(pidCommand)))
  return () => {
    const atMs = performance.now()
    process.kill(pid, 'SIGKILL')
    return atMs
  }
}
const aimAtSupervisord = (stage: Stage): Promise<Shot> => aimAt(stage, 'cat /run/supervisord.pid')
const aimAtProgram = (stage: Stage, name: string): Promise<Shot> => aimAt(stage, `supervisorctl pid ${name}`)

/** With a new supervisord every other time: a program that has died three times is in a crash loop. */
const startProgram =
  (name: string) =>
  ({ sh }: Stage, run: number): Promise<string> =>
    sh(`rm -f /run/broken; ${run % 2 === 0 ? 'systemctl restart supervisor' : `supervisorctl start ${name}`}`)

export const CAUSES: readonly Cause[] = [
  {
    name: '`kill -9` of supervisord, its unit fails',
    seenBy: ['cron', 'poller'],
    told: { status: 'down', says: /failed/ },
    unitRestart: 'no',
    aim: aimAtSupervisord,
    mend: startAnew,
  },
  {
    name: '`systemctl stop supervisor`, from the moment the unit is inactive',
    seenBy: ['cron', 'poller'],
    told: { status: 'down', says: /inactive/ },
    unitRestart: 'no',
    aim: ({ sh }) =>
      Promise.resolve(async () => {
        await sh('systemctl stop supervisor')
        return async () => {
          const show = 'systemctl show --value -p InactiveEnterTimestampMonotonic supervisor'
          return Number(await sh(show)) / 1_000 - monotonicOffsetMs()
        }
      }),
    mend: startAnew,
  },
  {
    name: '`kill -9` of supervisord, its unit restarts it after 50 s: DOWN after a grace of 10 s',
    seenBy: ['cron', 'poller'],
    told: { status: 'down', says: /auto-restart/ },
    unitRestart: 'on-failure',
    isSlow: true,
    aim: aimAtSupervisord,
    mend: startAnew,
  },
  {
    name: '`kill -9` of a program whose one new start fails at once: FATAL',
    seenBy: BOTH,
    told: DOWN,
    unitRestart: 'no',
    async aim(stage) {
      await stage.sh('touch /run/broken')
      return aimAtProgram(stage, 'fatal')
    },
    mend: startProgram('fatal'),
  },
  {
    name: 'the second of two starts fails, a second after the first: FATAL, from the last end',
    seenBy: BOTH,
    told: { status: 'down', says: /FATAL/, event: /FATAL/ },
    unitRestart: 'no',
    async aim(stage) {
      await stage.sh('touch /run/broken')
      const shoot = await aimAtProgram(stage, 'retries')
      return async () => {
        await shoot()
        return async () => {
          const triedMs = Number(await stage.sh('cat /run/tried')) * 1_000
          return triedMs - (Date.now() - performance.now())
        }
      }
    },
    mend: startProgram('retries'),
  },
  {
    name: '`kill -9` of a program that is not restarted',
    seenBy: BOTH,
    told: DOWN,
    unitRestart: 'no',
    aim: (stage) => aimAtProgram(stage, 'exits'),
    mend: startProgram('exits'),
  },
  {
    name: 'exit of a program, unexpected',
    seenBy: BOTH,
    told: DOWN,
    unitRestart: 'no',
    aim: ({ host }) =>
      Promise.resolve(() => {
        const atMs = performance.now()
        writeFileSync(`${host.root}/run/leave`, 'now\n')
        return atMs
      }),
    mend: startProgram('leaves'),
  },
  {
    name: '`kill -9` of a program that is restarted: UP with the news',
    seenBy: ['listener'],
    told: { status: 'up', says: /restarted 1×/ },
    // News that follow others more closely wait for so long.
    restMs: 5_500,
    unitRestart: 'no',
    aim: (stage, run) => aimAtProgram(stage, `again:again_${String(run % RESTARTED).padStart(2, '0')}`),
    mend: ({ sh }, run) => (run % RESTARTED === 0 ? sh('systemctl restart supervisor') : Promise.resolve()),
  },
]

/** Between CLOCK_MONOTONIC, by which systemd tells its times, and `performance.now()`. */
function monotonicOffsetMs(): number {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000 - performance.now()
}
