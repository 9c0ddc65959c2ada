import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ServerOptions } from 'node:https'
import { eventually } from './eventually.ts'
import { serveHttp, type Cleanup, type ScriptedServer } from './scripted-server.ts'

/** A push as it arrived, whatever was answered to it. */
interface Arrival {
  readonly status: string
  readonly msg: string
  readonly ping: string | null
  readonly token: string
  /** `performance.now()` of its arrival. */
  readonly atMs: number
  /** Answered as Kuma does when it stores a heartbeat. */
  accepted: boolean
}

/** What stands in Kuma's place does with a push. */
export type Answer = (request: IncomingMessage, response: ServerResponse, arrival: Arrival) => void

/** A server in Kuma's place that keeps what arrives. */
export interface Receiver {
  readonly url: string
  readonly server: ScriptedServer
  readonly arrivals: readonly Arrival[]
  /** Those that were accepted. */
  readonly accepted: readonly Arrival[]
  /** The most pushes of one token that were ever under way at once. */
  readonly mostAtOnce: number
  /** What it does from now on; null is Kuma's own answer. */
  script(answer: Answer | null): void
  /** Resolves with the next accepted push of that status that arrives after `sinceMs`. */
  waitFor(status: 'up' | 'down', sinceMs?: number, timeoutMs?: number): Promise<Arrival>
}

/** Answers as Kuma does when it takes a heartbeat. */
const accept: Answer = (_, response, arrival) => {
  arrival.accepted = true
  response.setHeader('content-type', 'application/json').end('{"ok":true}')
}

export async function startReceiver(
  t: Cleanup,
  options: { tls?: ServerOptions; port?: number; host?: string } = {},
): Promise<Receiver> {
  const arrivals: Arrival[] = []
  const underWay = new Map<string, number>()
  let mostAtOnce = 0
  let answer = accept
  const server = await serveHttp(
    t,
    (request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '', 'http://kuma')
      const arrival: Arrival = {
        status: searchParams.get('status') ?? '',
        msg: searchParams.get('msg') ?? '',
        ping: searchParams.get('ping'),
        token: pathname.split('/').at(-1) ?? '',
        atMs: performance.now(),
        accepted: false,
      }
      arrivals.push(arrival)
      const now = (underWay.get(arrival.token) ?? 0) + 1
      underWay.set(arrival.token, now)
      mostAtOnce = Math.max(mostAtOnce, now)
      response.once('close', () => underWay.set(arrival.token, (underWay.get(arrival.token) ?? 1) - 1))
      answer(request, response, arrival)
    },
    options,
  )
  const accepted = () => arrivals.filter((arrival) => arrival.accepted)
  return {
    url: `${options.tls ? 'https' : 'http'}://${options.host ?? '127.0.0.1'}:${server.port}`,
    server,
    arrivals,
    get accepted() {
      return accepted()
    },
    get mostAtOnce() {
      return mostAtOnce
    },
    script(next) {
      answer = next ?? accept
    },
    async waitFor(status, sinceMs = 0, timeoutMs = 180_000) {
      const find = () => accepted().find((one) => one.status === status && one.atMs >= sinceMs)
      await eventually(`a heartbeat ${status} arrives`, () => find() !== undefined, Boolean, { timeoutMs })
      const found = find()
      if (found === undefined) throw new Error('it was there a moment ago')
      return found
    },
  }
}
