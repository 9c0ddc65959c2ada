// A real supervisord under a seeded chaos schedule that records the truth; what reached Kuma's place is compared with it:
// npm run bench:soak [-- seconds] [--write]
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { buildBundle, startAgent, type AgentProcess } from '../../test/helpers/agent-process.ts'
import { startGate } from '../../test/helpers/gate.ts'
import { startReceiver } from '../../test/helpers/receiver.ts'
import { seededRandom } from '../../test/helpers/seeded-random.ts'
import { startSupervisord } from '../../test/helpers/supervisord.ts'
import { writeSection } from '../write-section.ts'
import { compare, type Trouble } from './compare.ts'

const SECONDS = Number(process.argv.slice(2).find((word) => /^\d+$/.test(word)) ?? 240)
const SEED = Number(process.env['KSP_SOAK_SEED'] ?? 20_260)
const PROGRAMS = ['a', 'b', 'c', 'd']
/** Long enough for every rule, a shutdown's grace included. */
const TROUBLE_MS = 15_000
/** Between two acts, so that each has its own verdict. */
const REST_MS = 8_000

await buildBundle()
const ends: (() => unknown)[] = []
const scope = { after: (end: () => unknown) => void ends.push(end) }
const folder = await mkdtemp(join(tmpdir(), 'ksp-soak-'))
const broken = (name: string) => join(folder, `${name}.broken`)
const supervisord = await startSupervisord({
  programs: Object.fromEntries(
    PROGRAMS.map((name) => [
      name,
      {
        command: `sh -c "test ! -e ${broken(name)} || exit 1; exec sleep 86400"`,
        startsecs: 1,
        startretries: 1,
        autorestart: true,
      },
    ]),
  ),
})
const receiver = await startReceiver(scope)
const gate = await startGate(scope, { port: receiver.server.port })
await writeFile(join(folder, 'config.toml'), configOf(), { mode: 0o600 })
const startOurs = () =>
  startAgent(['run', '--config', join(folder, 'config.toml')], { env: { HOME: folder } })
let agent: AgentProcess = startOurs()
const random = seededRandom(SEED)
const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T
const memory: number[] = []
const troubles: Trouble[] = []

/** What is wrong for the monitors over these programs, from now until the returned function is called. */
function trouble(name: string, programs: readonly string[]): () => void {
  const one: Trouble = { name, programs, fromMs: performance.now(), untilMs: Infinity }
  troubles.push(one)
  return () => {
    one.untilMs = performance.now()
  }
}

const ACTS: Readonly<Record<string, () => Promise<void>>> = {
  async 'a program is stopped by hand'() {
    const name = pick(PROGRAMS)
    const over = trouble('stopped', [name])
    await supervisord.ctl('stop', name)
    await sleep(TROUBLE_MS)
    await supervisord.ctl('start', name)
    over()
  },
  async 'a program goes FATAL'() {
    const name = pick(PROGRAMS)
    await writeFile(broken(name), '')
    const over = trouble('FATAL', [name])
    await supervisord.ctl('restart', name)
    await sleep(TROUBLE_MS)
    await rm(broken(name))
    await supervisord.ctl('start', name)
    over()
  },
  async 'supervisord is frozen'() {
    const over = trouble('frozen', PROGRAMS)
    supervisord.kill('SIGSTOP')
    await sleep(TROUBLE_MS)
    supervisord.kill('SIGCONT')
    over()
  },
  async 'supervisord is gone'() {
    const over = trouble('gone', PROGRAMS)
    await supervisord.end()
    await sleep(TROUBLE_MS)
    await supervisord.start()
    over()
  },
  async 'supervisord pauses for half a second'() {
    supervisord.kill('SIGSTOP')
    await sleep(500)
    supervisord.kill('SIGCONT')
  },
  async 'a program is restarted by hand'() {
    await supervisord.ctl('restart', pick(PROGRAMS))
  },
  async 'supervisord rereads its configuration'() {
    await supervisord.ctl('update')
  },
  async 'Kuma refuses for 4 s'() {
    await gate.set('refuse')
    await sleep(4000)
    await gate.set('pass')
  },
  async 'Kuma answers 502 for 4 s'() {
    receiver.script((_, response) => response.writeHead(502).end())
    await sleep(4000)
    receiver.script(null)
  },
  async 'Kuma resets connections for 4 s'() {
    await gate.set((client) => void client.resetAndDestroy())
    await sleep(4000)
    await gate.set('pass')
  },
  async 'the agent is frozen for 3 s'() {
    agent.kill('SIGSTOP')
    await sleep(3000)
    agent.kill('SIGCONT')
  },
  async 'the agent is killed and started again'() {
    agent.kill('SIGKILL')
    await agent.ended
    agent = startOurs()
  },
}

const acted = new Map<string, number>()
try {
  await receiver.waitFor('up')
  await sleep(REST_MS)
  const untilMs = performance.now() + SECONDS * 1000
  while (performance.now() < untilMs) {
    const name = pick(Object.keys(ACTS))
    acted.set(name, (acted.get(name) ?? 0) + 1)
    await ACTS[name]?.()
    await sleep(REST_MS)
    memory.push(await agent.memory())
  }
  const ended = await agent.stop()
  const { falseDown, missedDown, slowestSeconds } = compare(receiver.accepted, troubles, PROGRAMS)
  for (const line of [...falseDown, ...missedDown]) process.stderr.write(`${line}\n`)
  const acts = [...acted].map(([name, times]) => `${name} ${times}×`).join(', ')
  const table = `${SECONDS} s, seed ${SEED}, ${PROGRAMS.length + 1} monitors, a check every second (${new Date().toISOString().slice(0, 10)}): ${acts}.

| heartbeats | true DOWNs | false DOWN | missed DOWN | slowest DOWN | RSS MB, first → last, most |
| --- | --- | --- | --- | --- | --- |
| ${receiver.accepted.length} | ${troubles.length} | ${falseDown.length} | ${missedDown.length} | ${slowestSeconds.toFixed(1)} s | ${memory[0]} → ${memory.at(-1)}, ${Math.max(...memory)} |
`
  process.stdout.write(table)
  if (process.argv.includes('--write')) await writeSection('soak', table)
  process.exitCode = ended === 0 && falseDown.length + missedDown.length === 0 ? 0 : 1
} finally {
  await agent.stop()
  await supervisord.stop()
  for (const end of ends.toReversed()) await end()
  await rm(folder, { recursive: true, force: true })
}

/** A monitor over everything and one over each program; the token is its name. */
function configOf(): string {
  const monitors = PROGRAMS.map(
    (name) => `[[monitor]]\nname = "${name}"\ntoken = "${name}"\nprograms = ["${name}"]\n`,
  )
  return `[kuma]
url = "http://127.0.0.1:${gate.port}"
timeout = "3s"
[agent]
check_every = "1s"
push_every = "2s"
state_file = "${folder}/state.json"
[[supervisor]]
unit = "none"
url = "${supervisord.url}"
timeout = "2s"
[[monitor]]
name = "all"
token = "all"
${monitors.join('')}`
}
