import { lockName, takeLock } from '../lib/lock.ts'
import { runOnce } from '../agent/run-once.ts'
import { Standings } from '../agent/standings.ts'
import { createStateFile, NOTHING_KEPT } from '../agent/state-file.ts'
import type { SharedFlags } from '../config/options.ts'
import { EXIT, type ExitCode } from '../lib/errors.ts'
import { load } from './load.ts'
import type { Terminal } from './terminal.ts'
import { openOutboxes } from '../agent/open-outboxes.ts'
import { openWatches } from '../agent/open-watches.ts'
import { readBootId } from '../lib/read-boot-id.ts'
import { realClock } from '../lib/real-clock.ts'
import { remembered } from '../agent/remembered.ts'
import { slowestPage } from '../agent/slowest-page.ts'
import { waitVisibly } from './terminal.ts'

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
  const stateFile = createStateFile({ path: config.agent.stateFile, bootId: await readBootId(), log })
  const { monitors: memories } = dryRun ? NOTHING_KEPT : await stateFile.load()
  const options = { config, env, memories, clock, log, mask, dryRun, holdStop, listens: false }
  const opened = await openWatches(options)
  const { watches } = opened
  const monitors = watches.flatMap((watch) => watch.monitors)
  const outboxes = await openOutboxes({
    config,
    dryRun,
    isOneShot: true,
    memories,
    // Every run has a first heartbeat of its own: no news for whoever reads cron's mail.
    log: { ...log, info: (message) => log.debug(message) },
    print,
    onTold: (name, untilMs) => void monitors.find((one) => one.name === name)?.told(untilMs),
    onMissed: () => {},
  })
  const looking = runOnce(watches, { clock, log, slowestMs: slowestPage(config) }, stop)
  const { restarts } = await waitVisibly('checking', looking, terminal)
  const standings = new Standings(memories)
  for (const monitor of monitors) {
    if (monitor.verdict !== null) standings.note(monitor.name, monitor.verdict.status, Date.now())
    const telling = monitor.heartbeat(clock.now(), Infinity)
    if (telling === null) log.warn(`${monitor.name}: nothing can be said yet, the next run will know`)
    else outboxes.offer(monitor.name, telling)
  }
  const settled = monitors.map(
    async ({ name, verdict }) => verdict !== null && Promise.race([outboxes.settled(name), stopped(stop)]),
  )
  const delivered = await waitVisibly('waiting for Kuma', Promise.all(settled), terminal)
  await restarts
  if (!dryRun) {
    await stateFile.save({ monitors: remembered(monitors, outboxes, standings) })
  }
  if (!delivered.every(Boolean)) return EXIT.undelivered
  return monitors.some(({ verdict }) => verdict?.status === 'down') ? EXIT.down : EXIT.ok
}

/** A push that is cut short has not been delivered. */
function stopped(stop: AbortSignal): Promise<false> {
  return new Promise((settle) => {
    if (stop.aborted) settle(false)
    stop.addEventListener('abort', () => settle(false), { once: true })
  })
}
