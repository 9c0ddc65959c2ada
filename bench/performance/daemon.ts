import { join } from 'node:path'
import { startLightHost } from './light-host.ts'
import type { Command, Stage } from './stage.ts'
import type { Row } from './table.ts'

/** What a process took while it was watched. */
export interface Taken {
  readonly cpuMs: number
  /** How often it was made to look. */
  readonly rings: number
  readonly rss: number
  readonly pss: number
  /** The most of its resident set. */
  readonly peak: number
}

const RING_EVERY = 0.2
const LOOP_SECONDS = 40

/**
 * What the agent costs while it stays.
 * @param checks before its memory is measured; 720 are those of an hour, at one in 5 s
 */
export async function measureDaemon(stage: Stage, checks: number): Promise<Row[]> {
  return [
    ...(await memory(stage, checks)),
    ...(await cpuPerCheck(stage, 5)),
    ...(await cpuPerCheck(stage, 1000)),
  ]
}

async function memory({ measure, command, agent, pushUrl }: Stage, checks: number): Promise<Row[]> {
  const { ours, bare } = await measure<Record<'ours' | 'bare', Taken>>('daemons.py', {
    settleSeconds: 5,
    seconds: checks * RING_EVERY,
    ring: ['ours'],
    ringEvery: RING_EVERY,
    processes: {
      ours: agent('--push-url', pushUrl, '--state-file', '/run/daemon-state.json'),
      bare: command(process.execPath, '-e', 'setInterval(() => {}, 1000)'),
    },
  })
  const says = ({ rss, pss, peak }: Taken): string =>
    `${rss.toFixed(0)} MB (most ${peak.toFixed(0)}), proportional ${pss.toFixed(0)} MB`
  return [
    {
      measure: `\`run\`, 5 programs, resident set after ${ours.rings} checks`,
      ours: says(ours),
      beside: `a bare Node that holds a timer: ${says(bare)}`,
      ratio: ours.rss / bare.rss,
      target: 1.6,
    },
  ]
}

/** Both ask a light server, once a second; ours asks systemd too, and watches the connection. */
async function cpuPerCheck(
  { host, measure, command, agent, pushUrl }: Stage,
  programs: number,
): Promise<Row[]> {
  const light = await startLightHost(host.root, 1, programs)
  const socket = join(light.folder, '0.sock')
  try {
    const pushes = ['--push-url', pushUrl, '--state-file', '/run/loop-state.json']
    const processes: Readonly<Record<'ours' | 'loop', Command>> = {
      ours: agent(...pushes, '--supervisor-url', `unix://${socket}`, '--check-every', '1s'),
      loop: command('python3', join(import.meta.dirname, 'rpc_loop.py'), socket),
    }
    const { ours, loop } = await measure<Record<'ours' | 'loop', Taken>>('daemons.py', {
      settleSeconds: 5,
      seconds: LOOP_SECONDS,
      ring: [],
      ringEvery: 1,
      processes,
    })
    const says = ({ cpuMs }: Taken): string => `${(cpuMs / LOOP_SECONDS).toFixed(1)} ms`
    return [
      {
        measure: `CPU per check, ${programs} programs`,
        ours: says(ours),
        beside: `a loop in Python with \`xmlrpc.client\`: ${says(loop)}`,
        ratio: ours.cpuMs / loop.cpuMs,
        target: 0.5,
      },
    ]
  } finally {
    await light.stop()
  }
}
