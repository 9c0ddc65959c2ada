// A real supervisord under a seeded chaos schedule that records the truth; what a real Kuma recorded is compared with it:
// npm run bench:soak [-- seconds] [--scripted] [--write]
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { buildBundle, startAgent, type AgentProcess } from '../../test/helpers/agent-process.ts'
import { eventually } from '../../test/helpers/eventually.ts'
import { startGate } from '../../test/helpers/gate.ts'
import { seededRandom } from '../../test/helpers/seeded-random.ts'
import { startSupervisord } from '../../test/helpers/supervisord.ts'
import { writeSection } from '../write-section.ts'
import { createActs, type Scene } from './acts.ts'
import { compare, type Trouble } from './compare.ts'
import { startKumaPlace } from './kuma-place.ts'
import { startScriptedPlace } from './scripted-place.ts'

const SECONDS = Number(process.argv.slice(2).find((word) => /^\d+$/.test(word)) ?? 300)
const SEED = Number(process.env['KSP_SOAK_SEED'] ?? 20_260)
const IS_SCRIPTED = process.argv.includes('--scripted')
const PROGRAMS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
/** Things are done to the one; the memory of the other is measured. */
const AGENTS = ['shaken', 'left alone'] as const
/** Between two acts, so that each has its own verdict. */
const REST_MS = 8_000

await buildBundle()
const ends: (() => unknown)[] = []
const scope = { after: (end: () => unknown) => void ends.push(end) }
const folder = await mkdtemp(join(tmpdir(), 'ksp-soak-'))
scope.after(() => rm(folder, { recursive: true, force: true }))
const broken = (name: string) => join(folder, `${name}.broken`)
const random = seededRandom(SEED)
const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T
const memory: number[] = []
const acted = new Map<string, number>()
const troubles: Trouble[] = []

try {
  process.exitCode = await soak()
} finally {
  for (const end of ends.toReversed()) await end()
}

async function soak(): Promise<0 | 1> {
  const supervisord = await startSupervisord({ programs: Object.fromEntries(PROGRAMS.map(programOf)) })
  scope.after(() => supervisord.stop())
  const place = await (IS_SCRIPTED ? startScriptedPlace : startKumaPlace)(scope)
  const gate = await startGate(scope, { port: place.port })
  const watched = new Map<string, string | null>()
  const starts = new Map<string, () => AgentProcess>()
  for (const who of AGENTS) {
    const home = join(folder, who)
    await mkdir(home)
    const tokens = new Map<string, string>()
    for (const program of [null, ...PROGRAMS]) {
      const monitor = `${program ?? 'all'} by the agent ${who}`
      watched.set(monitor, program)
      tokens.set(program ?? 'all', await place.createMonitor(monitor))
    }
    const kuma = { port: gate.port, every: place.pushEverySeconds }
    await writeFile(join(home, 'config.toml'), configOf(home, kuma, supervisord.url, tokens), { mode: 0o600 })
    starts.set(who, () => startAgent(['run', '--config', join(home, 'config.toml')], { env: { HOME: home } }))
  }
  const start = (who: (typeof AGENTS)[number]): AgentProcess => {
    const agent = starts.get(who)?.()
    if (agent === undefined) throw new Error(`nobody is ${who}`)
    scope.after(() => agent.stop())
    return agent
  }
  const alone = start('left alone')
  const scene: Scene = {
    programs: PROGRAMS,
    supervisord,
    gate,
    broken,
    pick,
    troubles,
    agent: start('shaken'),
    startAgent: () => start('shaken'),
  }
  const acts = { ...createActs(scene), ...place.acts }
  const areAllUp = async () => {
    const up = (await place.recorded()).filter(({ status }) => status === 'up')
    return new Set(up.map(({ monitor }) => monitor)).size === watched.size
  }
  await eventually('every monitor is up', areAllUp, Boolean, { timeoutMs: 60_000, everyMs: 500 })
  await sleep(REST_MS)
  const untilMs = performance.now() + SECONDS * 1000
  while (performance.now() < untilMs) {
    const name = pick(Object.keys(acts))
    acted.set(name, (acted.get(name) ?? 0) + 1)
    await acts[name]?.()
    await sleep(REST_MS)
    memory.push(await alone.memory())
  }
  const recorded = await place.recorded()
  const isSound = (await alone.stop()) === 0 && (await scene.agent.stop()) === 0
  const { falseDown, missedDown, slowestSeconds } = compare(recorded, troubles, watched)
  for (const line of [...falseDown, ...missedDown]) process.stderr.write(`${line}\n`)
  const hours = (watched.size * SECONDS) / 3600
  const table = `${SECONDS} s, seed ${SEED}, into ${place.name}: ${watched.size} monitors of ${AGENTS.length} agents, ${hours.toFixed(1)} hours of monitors in all, a check every second, a heartbeat every ${place.pushEverySeconds} s (${new Date().toISOString().slice(0, 10)}): ${[...acted].map(([name, times]) => `${name} ${times}×`).join(', ')}.

| heartbeats recorded | true DOWNs | false DOWN | missed DOWN | slowest DOWN | RSS MB, first fifth → last fifth, most |
| --- | --- | --- | --- | --- | --- |
| ${recorded.length} | ${troubles.length} | ${falseDown.length} | ${missedDown.length} | ${slowestSeconds.toFixed(1)} s | ${median(memory.slice(0, fifth()))} → ${median(memory.slice(-fifth()))}, ${Math.max(...memory)} |
`
  process.stdout.write(table)
  if (process.argv.includes('--write')) await writeSection(IS_SCRIPTED ? 'soak-scripted' : 'soak', table)
  return isSound && falseDown.length + missedDown.length === 0 ? 0 : 1
}

function fifth(): number {
  return Math.ceil(memory.length / 5)
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0
}

function programOf(name: string) {
  const command = `sh -c "test ! -e ${broken(name)} || exit 1; exec sleep 86400"`
  return [name, { command, startsecs: 1, startretries: 1, autorestart: true }] as const
}

/** A monitor over everything and one over each program. */
function configOf(
  home: string,
  kuma: { port: number; every: number },
  supervisor: string,
  tokens: ReadonlyMap<string, string>,
): string {
  const monitors = [...tokens].map(
    ([name, token]) =>
      `[[monitor]]\nname = "${name}"\ntoken = "${token}"\n${name === 'all' ? '' : `programs = ["${name}"]\n`}`,
  )
  return `[kuma]
url = "http://127.0.0.1:${kuma.port}"
[agent]
check_every = "1s"
push_every = "${kuma.every}s"
state_file = "${home}/state.json"
[[supervisor]]
unit = "none"
url = "${supervisor}"
timeout = "2s"
${monitors.join('')}`
}
