import { resolve } from 'node:path'
import { describePushes } from '../config/timing.ts'
import type { Loaded } from '../cli/load.ts'
import type { Terminal } from '../cli/terminal.ts'
import type { Notifiers } from './notifiers.ts'
import type { OpenTargets } from './open-targets.ts'
import { realClock } from '../lib/clock.ts'
import { gatherStatus } from './gather-status.ts'
import { makeStatusFolder, StatusServer } from './status-server.ts'

interface PublishOptions extends Pick<Loaded, 'loaded' | 'log' | 'mask'>, Pick<Terminal, 'env'> {
  readonly opened: OpenTargets
  readonly notifiers: Notifiers
}

/** A supervisord that hangs must not keep anybody waiting. */
const VERSION_WITHIN_MS = 1_000

/**
 * Serves the status of the running agent.
 * @returns ends that
 */
export async function publishStatus(options: PublishOptions): Promise<() => Promise<void>> {
  const { loaded, log, mask, env, opened, notifiers } = options
  const { config, source, marks, dryRun } = loaded
  if (dryRun) return () => Promise.resolve()
  const service = {
    pid: process.pid,
    started_at: new Date(Date.now() - process.uptime() * 1000),
    config: source === null ? null : resolve(source),
    files: [...marks].map(([path, mark]) => ({ path, mark })),
    pushes: describePushes(config.agent),
  }
  const describe = async (): Promise<string> => {
    const status = await gatherStatus(
      {
        ...opened,
        service,
        check: ({ pacing }) => ({ every_seconds: Math.round(pacing.everyMs / 1000), why: pacing.reason }),
        followsRestarts: () => true,
        statusSinceOf: ({ statusSince }) => statusSince,
        notifierOf: (monitor) => notifiers.of(monitor).state,
        now: () => realClock.now(),
        wallNow: () => Date.now(),
      },
      AbortSignal.timeout(VERSION_WITHIN_MS),
    )
    // Each text by itself: what is masked in JSON as a whole may be JSON no more.
    return JSON.stringify(status, (_, value: unknown) => (typeof value === 'string' ? mask(value) : value))
  }
  const folder = await makeStatusFolder(env, log)
  const server = new StatusServer(describe, log)
  if (folder !== null) await server.start(folder)
  return () => server.close()
}
