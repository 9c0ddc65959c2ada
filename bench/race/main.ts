// Who causes a false DOWN when pushes get lost? A real Kuma at its shortest interval, the bundled agent beside the
// usual cron script, both through a proxy that loses pushes; then many hosts and one Kuma: npm run bench:race [-- seconds] [--write]
import { createServer, request, type Server } from 'node:http'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { buildBundle, startAgent } from '../../test/helpers/agent-process.ts'
import { startKuma, type Kuma } from '../../test/helpers/kuma.ts'
import { seededRandom } from '../../test/helpers/seeded-random.ts'
import { startSupervisord } from '../../test/helpers/supervisord.ts'
import { writeSection } from '../write-section.ts'
import { raceFleet } from './fleet.ts'

/** Kuma's shortest, in seconds. */
const INTERVAL = 20
const PUSH_EVERY = 0.4 * INTERVAL
const MONITORS = 5
const SECONDS = Number(process.argv.slice(2).find((word) => /^\d+$/.test(word)) ?? 300)

interface Lossy {
  readonly server: Server
  readonly url: string
  /** By token. */
  readonly seen: Map<string, { sent: number; lost: number; isLost: () => boolean }>
}

/** What becomes of the pushes on their way. */
interface Way {
  readonly name: string
  readonly lose: (client: Socket) => unknown
  /** Made for each monitor; says of each push whether it is lost. */
  readonly createLoss: () => () => boolean
}

const aFifth = () => {
  const random = seededRandom(20_260)
  return () => () => random() < 0.2
}
const twoOfThree = () => {
  let count = 0
  return () => count++ % 3 !== 0
}
const reset = (client: Socket): unknown => client.resetAndDestroy()
const swallow = (): void => undefined

const WAYS: readonly Way[] = [
  { name: 'a fifth is reset', lose: reset, createLoss: aFifth() },
  { name: 'a fifth gets no answer', lose: swallow, createLoss: aFifth() },
  { name: 'two get no answer, one gets through, and so on', lose: swallow, createLoss: twoOfThree },
]

await buildBundle()
const folder = await mkdtemp(join(tmpdir(), 'ksp-race-'))
const supervisord = await startSupervisord({ programs: { web: 'sleep 36000' } })
const kuma = await startKuma()
const stop = new AbortController()
const races: Awaited<ReturnType<typeof startRace>>[] = []
try {
  for (const way of WAYS) races.push(await startRace(way))
  await sleep(SECONDS * 1000)
  // Before anything stops: a stopped sender is a true DOWN.
  const rows: { text: string; falseDown: number }[] = []
  for (const { way, lossy, ours, crons } of races) {
    rows.push(await describe(`agent, every ${PUSH_EVERY} s`, way, lossy, ours))
    rows.push(await describe(`cron script, every ${INTERVAL} s`, way, lossy, crons))
  }
  const table = `${SECONDS} s, ${MONITORS} monitors in each row, Kuma's interval ${INTERVAL} s; nothing that is lost reaches Kuma (${new Date().toISOString().slice(0, 10)}).

| on the way | | pushes | lost | false DOWN |
| --- | --- | --- | --- | --- |
${rows.map(({ text }) => text).join('\n')}
`
  process.stdout.write(table)
  if (process.argv.includes('--write')) await writeSection('race', table)
  const isSound = races.every(({ agent }) => agent.isAlive)
  process.exitCode =
    isSound && rows.every(({ falseDown }, index) => index % 2 === 1 || falseDown === 0) ? 0 : 1
} finally {
  stop.abort()
  for (const { agent, lossy, scripts } of races) {
    await agent.stop()
    await Promise.all(scripts)
    lossy.server.close()
    lossy.server.closeAllConnections()
  }
  await kuma.stop()
  await supervisord.stop()
  await rm(folder, { recursive: true, force: true })
}

const fleet = await raceFleet()
process.stdout.write(`\n${fleet}\n`)
if (process.argv.includes('--write')) await writeSection('fleet', fleet)

async function startRace(way: Way) {
  const lossy = await startLossyProxy(kuma, way)
  const make = (who: string) =>
    Promise.all(
      Array.from({ length: MONITORS }, (_, index) =>
        kuma.createPushMonitor({ name: `${who} ${index + 1}: ${way.name}`, interval: INTERVAL }),
      ),
    )
  const ours = await make('agent')
  const crons = await make('cron script')
  const home = join(folder, String(races.length))
  await mkdir(home)
  await writeFile(join(home, 'config.toml'), configOf(home, lossy.url, ours), { mode: 0o600 })
  const agent = startAgent(['run', '--config', join(home, 'config.toml')], { env: { HOME: home } })
  const scripts = crons.map(({ token }) => cronScript(lossy.url, token))
  return { way, lossy, ours, crons, agent, scripts }
}

async function describe(
  who: string,
  way: Way,
  lossy: Lossy,
  monitors: readonly { id: number; token: string }[],
): Promise<{ falseDown: number; text: string }> {
  let falseDown = 0
  let [sent, lost] = [0, 0]
  for (const { id, token } of monitors) {
    const all = await kuma.heartbeats(id)
    // Kuma's clock runs from the making of a monitor, which has nobody to push for it yet.
    const recorded = all.slice(all.findIndex(({ status }) => status === 'up'))
    // Each alarm is one, however many rows it has.
    const alarms = recorded.filter(({ status, important }) => status === 'down' && important)
    falseDown += alarms.length
    for (const { time, msg } of alarms)
      process.stderr.write(`${time.toISOString()} ${who}, ${way.name}: ${msg}\n`)
    sent += lossy.seen.get(token)?.sent ?? 0
    lost += lossy.seen.get(token)?.lost ?? 0
  }
  return { falseDown, text: `| ${way.name} | ${who} | ${sent} | ${lost} | ${falseDown} |` }
}

/** What most people have: `curl -m 10`, no look at the answer. */
async function cronScript(url: string, token: string): Promise<void> {
  const push = async () => {
    const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(10_000)])
    await fetch(`${url}/api/push/${token}?status=up&msg=OK&ping=`, { signal }).catch(() => undefined)
  }
  while (!stop.signal.aborted) {
    await Promise.all([
      push(),
      sleep(INTERVAL * 1000, undefined, { signal: stop.signal }).catch(() => undefined),
    ])
  }
}

async function startLossyProxy({ port }: Kuma, { lose, createLoss }: Way): Promise<Lossy> {
  const seen: Lossy['seen'] = new Map()
  const server = createServer((incoming, outgoing) => {
    const token = /\/api\/push\/(\w+)/.exec(incoming.url ?? '')?.[1] ?? ''
    const count = seen.get(token) ?? { sent: 0, lost: 0, isLost: createLoss() }
    seen.set(token, count)
    count.sent += 1
    if (count.isLost()) {
      count.lost += 1
      lose(incoming.socket)
      return
    }
    const through = request(
      { host: '127.0.0.1', port, path: incoming.url, headers: incoming.headers },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(outgoing)
      },
    )
    through.on('error', () => outgoing.destroy())
    through.end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, seen, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

function configOf(home: string, url: string, monitors: readonly { token: string }[]): string {
  const tables = monitors.map(({ token }, index) => `[[monitor]]\nname = "m${index}"\ntoken = "${token}"\n`)
  return `[kuma]
url = "${url}"
[agent]
push_every = "${PUSH_EVERY}s"
state_file = "${home}/state.json"
[[supervisor]]
unit = "none"
url = "${supervisord.url}"
${tables.join('')}`
}
