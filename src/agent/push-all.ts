import type { Config } from '../config/config.ts'
import { secretsOf } from '../config/secrets.ts'
import type { PushAnswer } from '../kuma/answers.ts'
import { createLog } from '../lib/log.ts'
import { createMask } from '../lib/secret.ts'
import type { Verdict } from '../rules/judge.ts'
import { clientFor, openKumaClients } from './notifiers.ts'
import { openTargets } from './open-targets.ts'
import { realClock } from '../lib/clock.ts'

/** One heartbeat and its answer. */
export interface Pushed {
  readonly monitor: string
  /** Null when nothing could be said yet, and so nothing was sent. */
  readonly verdict: Verdict | null
  readonly answer: PushAnswer | null
  readonly ms: number
}

/**
 * Checks, judges and pushes once for every monitor.
 * @throws {ConfigError} when a certificate or key cannot be read or used
 */
export async function pushAll(
  config: Config,
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<readonly Pushed[]> {
  const clock = realClock
  const mask = createMask(secretsOf(config))
  // What it would log the other checks tell.
  const log = createLog({
    level: 'error',
    format: 'text',
    write: () => {},
    now: () => Date.now(),
    mask,
  })
  const clients = await openKumaClients(config, clock)
  const opened = await openTargets({
    config,
    env,
    memories: new Map(),
    clock,
    log,
    mask,
    // It tells, and restarts nothing.
    dryRun: true,
    listens: false,
  })
  try {
    await Promise.all(opened.targets.map((target) => target.checkUntilSettled(signal)))
    const monitors = new Map(
      opened.targets.flatMap((target) => target.monitors).map((monitor) => [monitor.name, monitor]),
    )
    const pushes = config.monitors.map(async ({ name, push }): Promise<Pushed[]> => {
      if (push === null) return []
      const verdict = monitors.get(name)?.verdict ?? null
      if (verdict === null) return [{ monitor: name, verdict, answer: null, ms: 0 }]
      const { status, message, ping } = verdict
      const startedMs = clock.now()
      const pusher = clientFor(push, clients).pusher(push)
      const answer = await pusher.push({ status, msg: message, ping }, false, signal)
      return [{ monitor: name, verdict, answer, ms: clock.now() - startedMs }]
    })
    return (await Promise.all(pushes)).flat()
  } finally {
    await Promise.all(clients.map((client) => client.close()))
    await opened.close()
  }
}
