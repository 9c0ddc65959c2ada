import type { Telling } from './monitor.ts'
import type { Config } from '../config/config.ts'
import { secretsOf } from '../config/secrets.ts'
import type { PushAnswer } from '../kuma/push-answer.ts'
import { createLog } from '../lib/log.ts'
import { createMask } from '../lib/secret.ts'
import { openKumas } from './open-kumas.ts'
import { openTargets } from './open-targets.ts'
import { realClock } from '../lib/real-clock.ts'

/** One heartbeat and what Kuma made of it. */
export interface Pushed {
  readonly monitor: string
  /** Null when nothing could be said yet, and so nothing was sent. */
  readonly telling: Telling | null
  readonly answer: PushAnswer | null
  readonly ms: number
}

/**
 * Looks, judges and pushes once for every monitor: what Kuma is told is what is so.
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
  const connections = await openKumas(config.kumas, () => clock.now())
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
    const pushes = config.monitors.flatMap(({ name, push }) =>
      push === null ? [] : [{ monitor: name, target: push }],
    )
    return await Promise.all(
      pushes.map(async ({ monitor, target }): Promise<Pushed> => {
        const telling = monitors.get(monitor)?.telling ?? null
        const pusher = connections.get(target.kuma)?.pusher(target)
        if (telling === null || pusher === undefined) return { monitor, telling, answer: null, ms: 0 }
        const { status, message, ping } = telling.verdict
        const startedMs = clock.now()
        const answer = await pusher.push({ status, msg: message, ping }, signal)
        return { monitor, telling, answer, ms: clock.now() - startedMs }
      }),
    )
  } finally {
    await Promise.all([...connections.values()].map((connection) => connection.close()))
    await opened.close()
  }
}
