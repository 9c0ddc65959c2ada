import type { Sending } from '../agent/monitor.ts'
import { Notifiers } from '../agent/notifiers.ts'
import { StateFile } from '../agent/state.ts'
import { Targets } from '../agent/targets.ts'
import type { SharedFlags } from '../config/options.ts'
import { EXIT, type ExitCode } from '../lib/errors.ts'
import { lockName, takeLock } from '../lib/lock.ts'
import { readBootId, realClock } from '../lib/clock.ts'
import { load, type Loaded } from './load.ts'
import { waitVisibly, type Terminal } from './terminal.ts'

/**
 * `once`: checks, pushes, and exits with the verdict as its code. Whatever it has opened, its lock included, ends with the
 * process, which exits at once: closing takes longer.
 */
export async function once(flags: SharedFlags, terminal: Terminal, stop: AbortSignal): Promise<ExitCode> {
  const loaded = await load(flags, terminal)
  if (loaded.loaded.dryRun) return checkAndPush(loaded, terminal, stop)
  const { stateFile } = loaded.loaded.config.agent
  if ((await takeLock(await lockName(stateFile))) === null) {
    loaded.log.error(`another one-shot with the state file ${stateFile} is at work: nothing was checked`)
    return EXIT.locked
  }
  return checkAndPush(loaded, terminal, stop)
}

async function checkAndPush(
  { loaded: { config, dryRun }, log, mask }: Loaded,
  terminal: Terminal,
  stop: AbortSignal,
): Promise<ExitCode> {
  const stateFile = new StateFile(dryRun ? null : config.agent.stateFile, await readBootId(), log)
  const records = await stateFile.load()
  // Every run has a first heartbeat of its own: no news for whoever reads cron's mail.
  const quiet = { ...log, info: (message: string) => log.debug(message) }
  const parts = { config, records, clock: realClock, log: quiet }
  const notifiers = dryRun ? Notifiers.dryRun(parts, terminal.print) : await Notifiers.open(parts)
  const targets = await Targets.open(
    {
      config,
      records,
      env: terminal.env,
      own: null,
      listens: false,
      restarting: dryRun ? null : { terminal, stateFile: null },
      clock: realClock,
      log,
      mask,
    },
    new Map(config.monitors.map(({ name }) => [name, sendingOf(name, notifiers, quiet)])),
  )
  const { monitors } = targets
  const checks = Promise.all(targets.all.map((target) => target.checkUntilSettled(stop)))
  await waitVisibly('checking', checks, terminal)
  for (const monitor of monitors) {
    if (monitor.verdict !== null) monitor.send()
    else log.warn(`${monitor.name}: nothing can be said yet, the next run will know`)
  }
  const deliveries = Promise.all(monitors.map((monitor) => monitor.settled()))
  // A push that is cut short has not been delivered.
  const delivering = Promise.race([deliveries, aborted(stop).then(() => [false])])
  const delivered = await waitVisibly('waiting for Kuma', delivering, terminal)
  await Promise.all(targets.all.map((target) => target.restartsEnded()))
  stateFile.follow(monitors)
  await stateFile.saveLast()
  if (!delivered.every(Boolean)) return EXIT.undelivered
  return monitors.some(({ verdict }) => verdict?.status === 'down') ? EXIT.down : EXIT.ok
}

function sendingOf(name: string, notifiers: Notifiers, log: Sending['log']): Sending {
  const notifier = notifiers.of(name)
  return { notifier, period: null, log, stateFile: null, systemd: null, crashNote: null }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
