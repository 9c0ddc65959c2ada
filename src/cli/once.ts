import { lockName, takeLock } from '../lib/lock.ts'
import { StateFile } from '../agent/state.ts'
import type { SharedFlags } from '../config/options.ts'
import { EXIT, type ExitCode } from '../lib/errors.ts'
import { load } from './load.ts'
import type { Monitor } from '../agent/monitor.ts'
import type { Announcement, Notifier } from '../agent/notifier.ts'
import { Notifiers } from '../agent/notifiers.ts'
import { openTargets } from '../agent/open-targets.ts'
import { readBootId, realClock } from '../lib/clock.ts'
import { waitVisibly, type Terminal } from './terminal.ts'

/**
 * `once`: looks, pushes, and leaves with the verdict as its exit code. What it has opened, its lock included, ends with the
 * process, which leaves at once: to close it takes longer.
 */
export async function once(flags: SharedFlags, terminal: Terminal, stop: AbortSignal): Promise<ExitCode> {
  const prepared = await load(flags, terminal)
  const { loaded, log } = prepared
  if (loaded.dryRun) return lookAndPush(prepared, terminal, stop)
  const { stateFile } = loaded.config.agent
  if ((await takeLock(await lockName(stateFile))) === null) {
    log.error(`another one-shot with the state file ${stateFile} is at work: nothing was checked`)
    return EXIT.locked
  }
  return lookAndPush(prepared, terminal, stop)
}

async function lookAndPush(
  { loaded: { config, dryRun }, log, mask }: Awaited<ReturnType<typeof load>>,
  terminal: Terminal,
  stop: AbortSignal,
): Promise<ExitCode> {
  const { env, print, holdStop } = terminal
  const clock = realClock
  const stateFile = new StateFile(dryRun ? null : config.agent.stateFile, await readBootId(), log)
  const memories = await stateFile.load()
  const options = { config, env, memories, clock, log, mask, dryRun, holdStop, listens: false }
  const { targets } = await openTargets(options)
  const monitors = targets.flatMap((target) => target.monitors)
  // Every run has a first heartbeat of its own: no news for whoever reads cron's mail.
  const quiet = { ...log, info: (message: string) => log.debug(message) }
  const parts = { config, memories, clock, log: quiet }
  const notifiers = dryRun ? Notifiers.dryRun(parts, print) : await Notifiers.open(parts)
  const checks = Promise.all(targets.map((target) => target.checkUntilSettled(stop)))
  await waitVisibly('checking', checks, terminal)
  const settled = monitors.map(async (monitor) => {
    const { name, announcement } = monitor
    if (announcement === null) {
      log.warn(`${name}: nothing can be said yet, the next run will know`)
      return false
    }
    const notifier = notifiers.of(name)
    void deliver(announcement, notifier, monitor)
    return Promise.race([notifier.settled(), stopped(stop)])
  })
  const delivered = await waitVisibly('waiting for Kuma', Promise.all(settled), terminal)
  await Promise.all(targets.map((target) => target.restartsEnded()))
  stateFile.follow(
    monitors.map((monitor) => ({
      name: monitor.name,
      remembered: {
        ...monitor.remembered,
        notifiers: [notifiers.of(monitor.name).state],
      },
    })),
  )
  await stateFile.saveLast()
  if (!delivered.every(Boolean)) return EXIT.undelivered
  return monitors.some(({ verdict }) => verdict?.status === 'down') ? EXIT.down : EXIT.ok
}

async function deliver(announcement: Announcement, notifier: Notifier, monitor: Monitor): Promise<void> {
  const outcome = await notifier.offer(announcement)
  if (outcome !== 'lost') monitor.told(announcement.restartsUntilMs)
}

/** A push that is cut short has not been delivered. */
function stopped(stop: AbortSignal): Promise<false> {
  return new Promise((settle) => {
    if (stop.aborted) settle(false)
    stop.addEventListener('abort', () => settle(false), { once: true })
  })
}
