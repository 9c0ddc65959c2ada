import { resolve } from 'node:path'
import type { Standings } from './standings.ts'
import { describePushes } from '../config/describe-pushes.ts'
import type { Loaded, Terminal } from '../cli/load.ts'
import type { Outboxes } from './open-outboxes.ts'
import type { OpenWatches } from './open-watches.ts'
import { realClock } from '../lib/real-clock.ts'
import { gatherStatus } from './gather-status.ts'
import { serveStatus } from './serve-status.ts'
import { ownStatusFolder } from './status-folders.ts'
import { statusJson } from './status-json.ts'

interface PublishOptions extends Pick<Loaded, 'loaded' | 'log' | 'mask'>, Pick<Terminal, 'env'> {
  readonly opened: OpenWatches
  readonly standings: Standings
  readonly outboxes: Outboxes
}

/** A supervisord that hangs must not keep anybody waiting. */
const VERSION_WITHIN_MS = 1_000

/**
 * Has the running agent tell `status` what it sees, as long as it runs.
 * @returns ends it
 */
export async function publishStatus(options: PublishOptions): Promise<() => Promise<void>> {
  const { loaded, log, mask, env, opened, standings, outboxes } = options
  const { config, source, marks, dryRun } = loaded
  if (dryRun) return () => Promise.resolve()
  const service = {
    pid: process.pid,
    startedAt: new Date(Date.now() - process.uptime() * 1000),
    config: source === null ? null : resolve(source),
    files: [...marks].map(([path, mark]) => ({ path, mark })),
    pushes: describePushes(config.agent),
  }
  const describe = async (): Promise<string> => {
    const status = await gatherStatus(
      {
        ...opened,
        service,
        check: ({ checks }) => ({ everySeconds: Math.round(checks.everyMs / 1000), why: checks.why }),
        followsRestarts: () => true,
        standingOf: (monitor) => standings.of(monitor),
        notifierOf: (monitor) => outboxes.state(monitor),
        now: () => realClock.now(),
        wallNow: () => Date.now(),
      },
      AbortSignal.timeout(VERSION_WITHIN_MS),
    )
    // Each text by itself: what is masked in JSON as a whole may be JSON no more.
    return JSON.stringify(statusJson(status), (_, value: unknown) =>
      typeof value === 'string' ? mask(value) : value,
    )
  }
  return serveStatus({ folder: ownStatusFolder(env, process.getuid?.() === 0), describe, log })
}
