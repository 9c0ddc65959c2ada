import { startAgent, type AgentProcess } from '../../test/helpers/agent-process.ts'
import { eventually } from '../../test/helpers/eventually.ts'
import type { Kuma } from '../../test/helpers/kuma.ts'
import type { Receiver } from '../../test/helpers/receiver.ts'
import type { Cause } from './causes.ts'
import type { Teller } from './measure.ts'
import { runCron, runPoller, TOKENS } from './peers.ts'
import type { Stage } from './stage.ts'

/** What has arrived in Kuma's place or in Kuma. */
interface Arrived {
  readonly token: string
  readonly status: string
  readonly msg: string
  /** `performance.now()` of it. */
  readonly atMs: number
}

interface AgentTeller extends Teller {
  stop(): Promise<unknown>
}

export interface AgentOptions {
  readonly name: string
  readonly token: string
  readonly url: string
  /** Where supervisord's programs are to be seen: inside the booted system. */
  readonly isInside: boolean
  readonly arrived: () => readonly Arrived[]
}

/** nsenter forks and hands no signal on: the agent ends when nsenter does. */
function underOf({ host }: Stage): string[] {
  return ['nsenter', '--target', String(host.leaderPid), '--all', '--', 'setpriv', '--pdeathsig', 'TERM']
}

/** The agent with its defaults, but that it remembers nothing. */
export function startAgentTeller(stage: Stage, options: AgentOptions): AgentTeller {
  const { name, token, url, isInside, arrived } = options
  const { host } = stage
  const where = isInside
    ? ['--unit', 'supervisor', '--supervisor-url', 'unix:///run/supervisor.sock']
    : ['--unit', 'none', '--supervisor-url', `unix://${host.root}/run/supervisor.sock`]
  const agent: AgentProcess = startAgent(
    ['--kuma-url', url, '--token', token, '--state-file', '/dev/null/none', ...where],
    isInside ? { under: underOf(stage) } : {},
  )
  const startedMs = performance.now()
  const own = (): readonly Arrived[] => arrived().filter((one) => one.token === token && one.atMs > startedMs)
  const until = (what: string, isSo: () => boolean): Promise<unknown> =>
    eventually(what, isSo, Boolean, { everyMs: 20 }).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${JSON.stringify(own().slice(-3))}\n${agent.stderr}`, {
        cause: error,
      })
    })
  return {
    name,
    ready: () => until('the agent says UP', () => own().at(-1)?.status === 'up'),
    arrival: async ({ status, says }, sinceMs) => {
      const find = () =>
        own().find((one) => one.status === status && one.atMs >= sinceMs && says.test(one.msg))
      await until('the agent tells it', () => find() !== undefined)
      return find()?.atMs ?? NaN
    },
    stop: () => agent.stop(),
  }
}

const ready = (): Promise<void> => Promise.resolve()

/** The others push to the receiver only. */
export function peerTellers(stage: Stage, receiver: Receiver): Record<keyof typeof TOKENS, Teller> {
  const arrival = async (who: keyof typeof TOKENS, sinceMs: number, event = /./): Promise<number> => {
    const find = () =>
      receiver.accepted.find(
        (one) =>
          one.token === TOKENS[who] && one.status === 'down' && one.atMs >= sinceMs && event.test(one.msg),
      )
    await eventually(`the ${who} tells it`, () => find() !== undefined, Boolean, { everyMs: 20 })
    return find()?.atMs ?? NaN
  }
  return {
    listener: {
      name: 'event listener',
      ready,
      arrival: ({ event }: Cause['told'], sinceMs) => arrival('listener', sinceMs, event),
    },
    poller: {
      name: 'poller, every 5 s',
      ready,
      async arrival(_told, sinceMs) {
        const stop = new AbortController()
        const polling = runPoller(stage, receiver.url, stop.signal)
        const atMs = await arrival('poller', sinceMs)
        stop.abort()
        await polling
        return atMs
      },
    },
    cron: {
      name: 'cron script, every minute',
      ready,
      async arrival(_told, sinceMs) {
        const leftOutMs = await runCron(stage, receiver.url)
        return leftOutMs + (await arrival('cron', sinceMs))
      },
    },
  }
}

/** Every heartbeat as Kuma shows it on its page. */
export function hearKuma(kuma: Kuma, token: string): () => readonly Arrived[] {
  const arrived: Arrived[] = []
  kuma.onHeartbeat(({ status, msg }) => {
    arrived.push({ token, status, msg, atMs: performance.now() })
  })
  return () => arrived
}
