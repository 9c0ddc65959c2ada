import { join } from 'node:path'
import { unitFlags } from '../../test/helpers/unit-flags.ts'
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
/** Until then V8 tidies up after the start, which a service has but once. */
const LOOP_SETTLE_SECONDS = 25

/**
 * What the agent costs while it stays.
 * @param checks before its memory is measured; 720 are those of an hour, at one in 5 s
 */
export async function measureDaemon(stage: Stage, checks: number): Promise<Row[]> {
  return [
    ...(await memory(stage, checks)),
    ...(await cpuPerCheck(stage, '5 programs', REAL_SOCKET)),
    ...(await cpuWithThousand(stage)),
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

/** The supervisord of the booted system, whose processes are watched between the checks, too. */
const REAL_SOCKET = '/run/supervisor.sock'

/** A light one that answers for a thousand: a real one would need half a second each time. */
async function cpuWithThousand(stage: Stage): Promise<Row[]> {
  const light = await startLightHost(stage.host.root, 1, 1000)
  try {
    return await cpuPerCheck(stage, '1,000 programs (a light one)', join(light.folder, '0.sock'))
  } finally {
    await light.stop()
  }
}

/** All ask once a second; ours follows the unit, too, and watches the connection. */
async function cpuPerCheck(
  { measure, command, agent, pushUrl }: Stage,
  what: string,
  socket: string,
): Promise<Row[]> {
  const here = import.meta.dirname
  const pushes = ['--push-url', pushUrl, '--state-file', '/run/loop-state.json']
  const processes: Readonly<Record<'ours' | 'loop' | 'bare', Command>> = {
    ours: agent(...pushes, '--supervisor-url', `unix://${socket}`, '--check-every', '1s'),
    loop: command('python3', join(here, 'rpc_loop.py'), socket),
    bare: command(process.execPath, ...unitFlags(), join(here, 'bare-node.mjs'), socket),
  }
  const { ours, loop, bare } = await measure<Record<'ours' | 'loop' | 'bare', Taken>>('daemons.py', {
    settleSeconds: LOOP_SETTLE_SECONDS,
    seconds: LOOP_SECONDS,
    ring: [],
    ringEvery: 1,
    processes,
  })
  const says = ({ cpuMs }: Taken): string => `${(cpuMs / LOOP_SECONDS).toFixed(1)} ms`
  return [
    {
      measure: `CPU per check, ${what}`,
      ours: says(ours),
      beside: `a loop in Python with \`xmlrpc.client\`: ${says(loop)}`,
      ratio: ours.cpuMs / loop.cpuMs,
      target: 0.5,
    },
    {
      measure: 'the same',
      ours: says(ours),
      beside: `a bare Node that only asks and throws the answer away: ${says(bare)}`,
      ratio: ours.cpuMs / bare.cpuMs,
      target: null,
    },
  ]
}
