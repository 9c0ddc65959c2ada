import { Agent, request, type IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { startKuma } from '../../test/helpers/kuma.ts'
import { seededRandom } from '../../test/helpers/seeded-random.ts'

/** The size of the fleet that the figures stand for, and how many hosts of it are played here. */
const FLEET = 2000
const HOSTS = 250
const SECONDS = 150
/** Kuma's Heartbeat Interval in seconds, its default. */
const INTERVAL = 60
/** How long a push may take: that of the agent. */
const TIMEOUT_MS = 25_000

/** How each host pushes. */
interface Manner {
  readonly name: string
  readonly everyMs: number
  readonly phaseMs: () => number
  /** Keeps a connection between two pushes, as far as Kuma keeps it. */
  readonly keepAlive: boolean
}

const random = seededRandom(20_260)
const MANNERS: readonly Manner[] = [
  { name: 'from cron, every 60 s at second 0', everyMs: 60_000, phaseMs: () => 0, keepAlive: false },
  { name: 'as the agent, every 24 s', everyMs: 24_000, phaseMs: () => random() * 24_000, keepAlive: true },
]

/** Many hosts and one real Kuma: all push at second 0 of each minute, as from cron, and then each in a phase of its own. */
export async function raceFleet(): Promise<string> {
  const lines: string[] = []
  for (const manner of MANNERS) lines.push(await play(manner))
  return `${HOSTS} hosts, 1 in ${FLEET / HOSTS} of ${FLEET.toLocaleString('en')}; one real Kuma on this machine; ${SECONDS} s each, Kuma's interval ${INTERVAL} s (${new Date().toISOString().slice(0, 10)}).

| pushes | sent | answered after, half of them | 99 of 100 | not answered | false DOWN |
| --- | --- | --- | --- | --- | --- |
${lines.join('\n')}`
}

async function play({ name, everyMs, phaseMs, keepAlive }: Manner): Promise<string> {
  const kuma = await startKuma()
  const agent = new Agent({ keepAlive })
  try {
    const tokens: string[] = []
    for (let host = 0; host < HOSTS; host++) {
      tokens.push((await kuma.createPushMonitor({ name: `host ${host}`, interval: INTERVAL })).token)
    }
    // Each has its first heartbeat, so that a DOWN is one.
    for (const token of tokens) await push(kuma.url, token, agent)
    let falseDown = 0
    const unhear = kuma.onHeartbeat(({ status, important }) => {
      if (status === 'down' && important) falseDown++
    })
    const untilMs = Date.now() + SECONDS * 1000
    const tookMs: number[] = []
    let lost = 0
    await Promise.all(
      tokens.map(async (token) => {
        const phase = phaseMs()
        for (;;) {
          const nowMs = Date.now()
          const nextMs = Math.ceil((nowMs - phase) / everyMs) * everyMs + phase
          if (nextMs > untilMs) return
          await sleep(Math.max(nextMs - nowMs, 1))
          const startMs = performance.now()
          if (await push(kuma.url, token, agent)) tookMs.push(performance.now() - startMs)
          else lost++
        }
      }),
    )
    unhear()
    tookMs.sort((a, b) => a - b)
    const at = (share: number): string =>
      `${(tookMs[Math.floor(tookMs.length * share)] ?? NaN).toFixed(0)} ms`
    return `| ${name} | ${tookMs.length + lost} | ${at(0.5)} | ${at(0.99)} | ${lost} | ${falseDown} |`
  } finally {
    agent.destroy()
    await kuma.stop()
  }
}

/** Resolves with true when Kuma accepted it. */
function push(url: string, token: string, agent: Agent): Promise<boolean> {
  return new Promise((settle) => {
    const onAnswer = (answer: IncomingMessage): void => {
      answer.resume().once('end', () => settle(answer.statusCode === 200))
    }
    const target = `${url}/api/push/${token}?status=up&msg=OK&ping=3`
    const sent = request(target, { agent, signal: AbortSignal.timeout(TIMEOUT_MS) }, onAnswer)
    sent.once('error', () => settle(false)).end()
  })
}
