import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startAgent } from '../../test/helpers/agent-process.ts'
import { eventually } from '../../test/helpers/eventually.ts'
import { startGate } from '../../test/helpers/gate.ts'
import { startReceiver } from '../../test/helpers/receiver.ts'
import { startSupervisord } from '../../test/helpers/supervisord.ts'
import type { Fault, Outcome, Stage } from './fault.ts'

const TOKEN = 'AWbUXTosJG'
/** How long a fault lasts after the agent has something to tell. */
const HOLD_MS = 6_000
const WITHIN = { timeoutMs: 90_000 }

/** Runs the bundled agent through one fault and says what became of what it had to tell. */
export async function tryFault(fault: Fault): Promise<Outcome> {
  const ends: (() => unknown)[] = []
  try {
    const stage = await setUp(fault, (end) => ends.push(end))
    return await judgeFault(fault, stage)
  } catch (error) {
    const lost = error instanceof Error ? error.message.slice(0, 300) : String(error)
    return {
      name: fault.name,
      by: fault.by,
      pushed: '',
      lost,
      recoverySeconds: null,
      memory: [0, 0],
      says: '',
    }
  } finally {
    for (const end of ends.toReversed()) await end()
  }
}

async function setUp(fault: Fault, after: Stage['after']): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'ksp-fault-'))
  after(() => rm(folder, { recursive: true, force: true }))
  const supervisord = await startSupervisord({ programs: { web: { command: 'sleep 600', startsecs: 0 } } })
  after(() => supervisord.stop())
  const receiver = await startReceiver({ after })
  const gate = await startGate({ after }, { port: receiver.server.port })
  const rpcGate = await startGate({ after }, { path: supervisord.socket }, { path: join(folder, 'rpc.sock') })
  const start = () => {
    const agent = startAgent(['run', '--config', join(folder, 'config.toml')], {
      cwd: folder,
      under: fault.under?.(stage) ?? [],
      env: { HOME: folder, ...fault.env?.(stage) },
    })
    after(() => agent.stop())
    return agent
  }
  const parts = { after, folder, supervisord, receiver, gate, rpcGate }
  const stage: Stage = {
    ...parts,
    get agent(): Stage['agent'] {
      throw new Error('not started yet')
    },
    restart() {
      Object.defineProperty(stage, 'agent', { value: start(), configurable: true })
    },
  }
  await fault.prepare?.(stage)
  await writeFile(join(folder, 'config.toml'), configOf(fault, stage), { mode: 0o600 })
  stage.restart()
  await receiver.waitFor('up', 0, 60_000)
  return stage
}

function configOf(fault: Fault, stage: Stage): string {
  return `[kuma]
timeout = "3s"
${fault.kuma?.(stage) ?? `url = "http://127.0.0.1:${stage.gate.port}"`}
[agent]
check_every = "1s"
push_every = "2s"
state_file = "${fault.stateFile?.(stage) ?? join(stage.folder, 'state.json')}"
[[supervisor]]
${fault.supervisor?.(stage) ?? `unit = "none"\nurl = "unix://${stage.folder}/rpc.sock"\ntimeout = "2s"`}
[[monitor]]
token = "${TOKEN}"
`
}

async function judgeFault(fault: Fault, stage: Stage): Promise<Outcome> {
  const { receiver, supervisord } = stage
  // Two more heartbeats, so that what starting needs is no part of the memory.
  await eventually('heartbeats flow', () => receiver.accepted.length >= 3, Boolean, WITHIN)
  const before = await stage.agent.memory()
  await fault.begin(stage)
  if (fault.kind === 'delivery') await supervisord.ctl('stop', 'web')
  await sleep(HOLD_MS)
  const isThrough = receiver.accepted.at(-1)?.status === 'down'
  await fault.end(stage)
  const endedMs = performance.now()
  // A looking fault ends with the truth being UP again, and must have been DOWN meanwhile.
  const after = fault.kind === 'delivery' ? 'down' : 'up'
  const restored = await receiver.waitFor(after, endedMs, WITHIN.timeoutMs)
  if (fault.kind === 'delivery') {
    await supervisord.ctl('start', 'web')
    await receiver.waitFor('up', performance.now(), WITHIN.timeoutMs)
  }
  const memory = await stage.agent.memory()
  const { stderr } = stage.agent
  const ended = await stage.agent.stop()
  const runs = joinRuns(receiver.accepted.map(({ status }) => status))
  const meanwhile = fault.kind === 'delivery' && isThrough
  return {
    name: fault.name,
    by: fault.by,
    pushed: runs.map(([status, count]) => `${status} ${count}`).join(', '),
    lost: whatIsLost(fault, stage, runs, ended),
    recoverySeconds: meanwhile ? null : Math.round((restored.atMs - endedMs) / 100) / 10,
    memory: [before, memory],
    says: saidBy(fault, stderr),
  }
}

function whatIsLost(
  fault: Fault,
  { receiver }: Stage,
  runs: readonly (readonly [string, number])[],
  ended: number | string,
): string | null {
  const story = runs.map(([status]) => status).join(', ')
  if (story !== 'up, down, up') return `Kuma saw ${story}`
  if (receiver.mostAtOnce > 1) return `${receiver.mostAtOnce} pushes under way at once`
  if (ended !== 0) return `the agent ended with ${ended}`
  const told = receiver.accepted.find(({ status }) => status === 'down')?.msg ?? ''
  const expected = fault.kind === 'delivery' ? /\bweb STOPPED by hand/ : fault.kind
  return expected.test(told) || fault.told?.test(told) ? null : `Kuma was told "${told}"`
}

function joinRuns(statuses: readonly string[]): [string, number][] {
  const runs: [string, number][] = []
  for (const status of statuses) {
    const last = runs.at(-1)
    if (last?.[0] === status) last[1] += 1
    else runs.push([status, 1])
  }
  return runs
}

function saidBy(fault: Fault, stderr: string): string {
  const pattern =
    fault.kind === 'delivery' ? /^(?:warn|error): (?:not delivered: supervisor: )?(.*)$/m : /is down: (.*)$/m
  const said = pattern.exec(stderr)?.[1] ?? ''
  return said.replaceAll(/127\.0\.0\.1:\d+|kuma\.test:\d+/g, 'KUMA').replaceAll(/\/tmp\/ksp-[^/\s]+/g, '…')
}
