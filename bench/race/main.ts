// Who causes a false DOWN when pushes get lost? A real Kuma at its shortest interval, the bundled agent beside the
// usual cron script, both through a proxy that loses a fifth of the pushes: npm run bench:race [-- seconds] [--write]
import { createServer, request, type Server } from 'node:http'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { buildBundle, startAgent } from '../../test/helpers/agent-process.ts'
import { startKuma, type Kuma } from '../../test/helpers/kuma.ts'
import { seededRandom } from '../../test/helpers/seeded-random.ts'
import { startSupervisord } from '../../test/helpers/supervisord.ts'
import { writeSection } from '../write-section.ts'

/** Kuma's shortest, in seconds. */
const INTERVAL = 20
const LOST = 0.2
const MONITORS = 5
const SECONDS = Number(process.argv.slice(2).find((word) => /^\d+$/.test(word)) ?? 300)

interface Lossy {
  readonly server: Server
  readonly url: string
  /** By token. */
  readonly seen: Map<string, { sent: number; lost: number }>
}

await buildBundle()
const folder = await mkdtemp(join(tmpdir(), 'ksp-race-'))
const supervisord = await startSupervisord({ programs: { web: 'sleep 3600' } })
const kuma = await startKuma()
const lossy = await startLossyProxy(kuma)
const stop = new AbortController()
try {
  const make = (who: string) =>
    Promise.all(
      Array.from({ length: MONITORS }, (_, index) =>
        kuma.createPushMonitor({ name: `${who} ${index + 1}`, interval: INTERVAL }),
      ),
    )
  const ours = await make('agent')
  const crons = await make('cron script')
  await writeFile(join(folder, 'config.toml'), configOf(ours), { mode: 0o600 })
  const agent = startAgent(['run', '--config', join(folder, 'config.toml')], { env: { HOME: folder } })
  const scripts = crons.map(({ token }) => cronScript(token))
  await sleep(SECONDS * 1000)
  const ended = agent.isAlive
  // Before anything stops: a stopped sender is a true DOWN.
  const rows = [
    await describe(`agent, every ${0.4 * INTERVAL} s`, ours),
    await describe(`cron script, every ${INTERVAL} s`, crons),
  ]
  stop.abort()
  await agent.stop()
  await Promise.all(scripts)
  const table = `${SECONDS} s, ${MONITORS} monitors each, Kuma's interval ${INTERVAL} s, ${LOST * 100} % of the pushes lost (connection reset; nothing reaches Kuma) (${new Date().toISOString().slice(0, 10)}).

| | pushes | lost on the way | false DOWN |
| --- | --- | --- | --- |
${rows.map(({ text }) => text).join('\n')}
`
  process.stdout.write(table)
  if (process.argv.includes('--write')) await writeSection('race', table)
  process.exitCode = ended && rows[0]?.falseDown === 0 ? 0 : 1
} finally {
  stop.abort()
  lossy.server.close()
  lossy.server.closeAllConnections()
  await kuma.stop()
  await supervisord.stop()
  await rm(folder, { recursive: true, force: true })
}

async function describe(who: string, monitors: readonly { id: number; token: string }[]) {
  let falseDown = 0
  let [sent, lost] = [0, 0]
  for (const { id, token } of monitors) {
    const recorded = await kuma.heartbeats(id)
    // Each alarm is one, however many rows it has.
    falseDown += recorded.filter(({ status, important }) => status === 'down' && important).length
    sent += lossy.seen.get(token)?.sent ?? 0
    lost += lossy.seen.get(token)?.lost ?? 0
  }
  return { falseDown, text: `| ${who} | ${sent} | ${lost} | ${falseDown} |` }
}

/** What most people have: one request, no look at the answer. */
async function cronScript(token: string): Promise<void> {
  while (!stop.signal.aborted) {
    await fetch(`${lossy.url}/api/push/${token}?status=up&msg=OK&ping=`).catch(() => undefined)
    await sleep(INTERVAL * 1000, undefined, { signal: stop.signal }).catch(() => undefined)
  }
}

async function startLossyProxy({ port }: Kuma): Promise<Lossy> {
  const random = seededRandom(20_260)
  const seen: Lossy['seen'] = new Map()
  const server = createServer((incoming, outgoing) => {
    const token = /\/api\/push\/(\w+)/.exec(incoming.url ?? '')?.[1] ?? ''
    const count = seen.get(token) ?? { sent: 0, lost: 0 }
    seen.set(token, count)
    count.sent += 1
    if (random() < LOST) {
      count.lost += 1
      incoming.socket.resetAndDestroy()
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

function configOf(monitors: readonly { token: string }[]): string {
  const tables = monitors.map(({ token }, index) => `[[monitor]]\nname = "m${index}"\ntoken = "${token}"\n`)
  return `[kuma]
url = "${lossy.url}"
[agent]
push_every = "${0.4 * INTERVAL}s"
state_file = "${folder}/state.json"
[[supervisor]]
unit = "none"
url = "${supervisord.url}"
${tables.join('')}`
}
