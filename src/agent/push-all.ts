import type { Config } from '../config/config.ts'
import { secretsOf } from '../config/secrets.ts'
import type { PushAnswer } from '../kuma/answers.ts'
import type { Log } from '../lib/log.ts'
import { createMask } from '../lib/secret.ts'
import type { Verdict } from '../rules/judge.ts'
import { clientFor, openKumaClients } from './notifiers.ts'
import { Targets } from './targets.ts'
import { realClock } from '../lib/clock.ts'

/** The heartbeat of one monitor, and its answer. */
export interface Pushed {
  readonly monitor: string
  /** Null when nothing could be said yet, and so nothing was sent. */
  readonly verdict: Verdict | null
  readonly answer: PushAnswer | null
  readonly ms: number
}

/**
 * Checks every target and pushes once for every monitor.
 * @throws {ConfigError} when a certificate or key cannot be read or used
 */
export async function pushAll(
  config: Config,
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<readonly Pushed[]> {
  const mask = createMask(secretsOf(config))
  const clients = await openKumaClients(config, realClock)
  const targets = await Targets.open({
    config,
    records: new Map(),
    env,
    own: null,
    listens: false,
    restarting: null,
    clock: realClock,
    // The other checks of doctor say all that it would log.
    log: NO_LOG,
    mask,
  })
  try {
    await Promise.all(targets.all.map((target) => target.checkUntilSettled(signal)))
    const verdicts = new Map(targets.monitors.map(({ name, verdict }) => [name, verdict]))
    const pushes = config.monitors.map(async ({ name: monitor, push }): Promise<Pushed[]> => {
      if (push === null) return []
      const verdict = verdicts.get(monitor) ?? null
      if (verdict === null) return [{ monitor, verdict, answer: null, ms: 0 }]
      const { status, message, ping } = verdict
      const startedMs = realClock.now()
      const pusher = clientFor(push, clients).pusher(push)
      const answer = await pusher.push({ status, msg: message, ping }, false, signal)
      return [{ monitor, verdict, answer, ms: realClock.now() - startedMs }]
    })
    return (await Promise.all(pushes)).flat()
  } finally {
    await Promise.all(clients.map((client) => client.close()))
    await targets.close()
  }
}

const NO_LOG: Log = { debug() {}, info() {}, warn() {}, error() {} }
