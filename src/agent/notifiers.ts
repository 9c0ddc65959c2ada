import type { Config, PushTarget } from '../config/config.ts'
import { secretsOf } from '../config/secrets.ts'
import { openKumaClient, type KumaClient, type Pusher } from '../kuma/push.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { createMask } from '../lib/secret.ts'
import { Notifier } from './notifier.ts'
import type { Records } from './state.ts'

interface NotifiersParts {
  readonly config: Config
  readonly records: Records
  readonly clock: Clock
  readonly log: Log
}

/** The notifiers of all monitors. */
export class Notifiers {
  readonly #notifiers: ReadonlyMap<string, Notifier>
  readonly #clients: readonly KumaClient[]

  private constructor(notifiers: ReadonlyMap<string, Notifier>, clients: readonly KumaClient[] = []) {
    this.#notifiers = notifiers
    this.#clients = clients
  }

  /** @throws {ConfigError} when a certificate or key cannot be read or used */
  static async open({ config, records, clock, log }: NotifiersParts): Promise<Notifiers> {
    const clients = await openKumaClients(config, clock)
    const notifiers = config.monitors.flatMap(({ name, push }): [string, Notifier][] => {
      if (push === null) return []
      const { kuma } = push
      const state = records.get(name)?.notifiers.find((one) => one.kuma === kuma) ?? null
      const pusher = clientFor(push, clients).pusher(push)
      return [[name, new Notifier({ name, kuma, pusher, clock, log, state })]]
    })
    return new Notifiers(new Map(notifiers), clients)
  }

  /** Returns notifiers that print what they would push. */
  static dryRun({ config, clock, log }: NotifiersParts, print: (text: string) => void): Notifiers {
    // That a heartbeat was printed is no news for the log.
    const quiet: Log = { ...log, info: () => {} }
    const notifiers = config.monitors.map(({ name }): [string, Notifier] => {
      const pusher = createPrinter(name, print)
      return [name, new Notifier({ name, kuma: '', pusher, clock, log: quiet, state: null })]
    })
    return new Notifiers(new Map(notifiers))
  }

  of(monitor: string): Notifier {
    const notifier = this.#notifiers.get(monitor)
    if (notifier === undefined) throw new Error(`no notifier of ${monitor}`)
    return notifier
  }

  /** Gives up what is under way. */
  async close(): Promise<void> {
    await Promise.all([...this.#notifiers.values()].map((notifier) => notifier.close()))
    await Promise.all(this.#clients.map((client) => client.close()))
  }
}

/** @throws {ConfigError} when a certificate or key cannot be read or used */
export function openKumaClients(config: Config, clock: Clock): Promise<KumaClient[]> {
  // One for all: each of a thousand monitors would else hold the tokens of the others.
  const mask = createMask(secretsOf(config))
  return Promise.all(config.kumas.map((kuma) => openKumaClient(kuma, { clock, mask })))
}

/** Returns the one that a push goes to. */
export function clientFor(push: PushTarget, clients: readonly KumaClient[]): KumaClient {
  const client = clients.find(({ config }) => config.name === push.kuma)
  if (client === undefined) throw new Error(`no Kuma is named ${push.kuma}`)
  return client
}

/** Prints `12:03:04  up    celery: 12 of 12 running (3 ms)` for each heartbeat. */
function createPrinter(name: string, print: (text: string) => void): Pusher {
  return {
    push({ status, msg, ping }) {
      const time = new Date().toTimeString().slice(0, 8)
      const took = ping === null ? '' : ` (${Math.max(1, Math.round(ping))} ms)`
      print(`${time}  ${status.padEnd(4)}  ${name}: ${msg}${took}\n`)
      return Promise.resolve({ kind: 'accepted', retry: 'none', retryAfterMs: null, message: 'printed' })
    },
    isThere: () => Promise.resolve(true),
  }
}
