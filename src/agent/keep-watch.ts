import { setMaxListeners } from 'node:events'
import { createFaults } from './faults.ts'
import { tellDown, type Monitor } from './monitor.ts'
import { createCronPeriod, createPeriod, type Period } from './period.ts'
import { runAgent } from './run-agent.ts'
import { Standings } from './standings.ts'
import { createStateFile, type Memories } from './state-file.ts'
import type { AgentConfig } from '../config/config.ts'
import { formatDuration } from '../lib/duration.ts'
import { describePushes } from '../config/timing.ts'
import type { Listening } from './listening.ts'
import type { Loaded } from '../cli/load.ts'
import type { Terminal } from '../cli/terminal.ts'
import { openOutboxes, type Outboxes } from './open-outboxes.ts'
import { openWatches } from './open-watches.ts'
import { publishStatus } from './publish-status.ts'
import { readBootId } from '../lib/read-boot-id.ts'
import { realClock } from '../lib/real-clock.ts'
import { remembered } from './remembered.ts'
import { createSaver } from './saver.ts'
import type { ServiceNotices } from './service-notices.ts'

interface KeepWatchOptions extends Loaded {
  readonly terminal: Terminal
  /** What the monitors remember; null to read it from the state file. */
  readonly memories: Memories | null
  /** Null where no systemd asked for them. */
  readonly notices: ServiceNotices | null
  /** Null where it is not supervisord that runs the agent. */
  readonly listening: Listening | null
  /** Ends the agent. */
  readonly stop: AbortSignal
  /** Ends this watch, because another configuration takes its place. */
  readonly replaced: AbortSignal
}

/** Checks and pushes by one configuration until it ends; gives what the monitors remember then. */
export async function keepWatch(options: KeepWatchOptions): Promise<Memories> {
  const { loaded, log, mask, terminal, notices, listening, stop } = options
  const { config, dryRun } = loaded
  const clock = realClock
  const stateFile = createStateFile({ path: config.agent.stateFile, bootId: await readBootId(), log })
  const memories: Memories = options.memories ?? (dryRun ? new Map() : (await stateFile.load()).monitors)
  const { env, holdStop } = terminal
  const own = listening?.own ?? null
  const standings = new Standings(memories)
  const seeing = { config, env, own, memories, clock, log, mask, dryRun, holdStop }
  const opened = await openWatches({ ...seeing, listens: true })
  const { watches } = opened
  const monitors = watches.flatMap((watch) => watch.monitors)
  const byName = new Map(monitors.map((monitor) => [monitor.name, monitor]))
  const ring = (): void => {
    for (const { bell } of watches) bell.ring()
  }
  const unhear = [terminal.onSignal('SIGUSR1', ring), listening?.hear(ring, log)]
  const saver = createSaver(
    async () => {
      if (dryRun) return
      // It keeps the configurations by itself: only a one-shot reads what the last one was told of them.
      await stateFile.save({ monitors: remembered(monitors, outboxes, standings) })
    },
    (error) => void faults.take('saving the state', error),
  )
  const onChange = ({ name, verdict }: Monitor): void => {
    log.info(`${name} is ${verdict?.status}: ${verdict?.message}`)
    if (verdict !== null) standings.note(name, verdict.status, Date.now())
    saver.soon()
    notices?.changed()
  }
  const faults = createFaults({
    log,
    now: () => clock.now(),
    report(message) {
      for (const monitor of monitors) {
        if (!monitor.fail(message)) continue
        monitor.bell.ring()
        onChange(monitor)
      }
    },
  })
  terminal.onFault((error) => faults.take('the process', error))
  const outboxes = await openOutboxes({
    config,
    dryRun,
    isOneShot: false,
    memories,
    log,
    print: terminal.print,
    onTold(name, untilMs) {
      if (byName.get(name)?.told(untilMs) === true) saver.soon()
    },
    onMissed: () => saver.soon(),
  })

  const unpublish = await publishStatus({ loaded, log, mask, env, opened, standings, outboxes })
  const ended = AbortSignal.any([stop, options.replaced])
  // Every monitor waits for it, however many there are.
  setMaxListeners(0, ended)
  log.info(`watching ${watches.map(({ name }) => name).join(', ')}: ${describeTimes(config.agent)}`)
  try {
    const newPeriod = await periodFactory(config.agent)
    await runAgent(
      {
        watches,
        checkEveryMs: config.agent.checkEveryMs,
        createPeriod: newPeriod,
        clock,
        log,
        offer({ name }, telling) {
          outboxes.offer(name, telling)
          if (notices !== null) void outboxes.settled(name).then(() => notices.answered())
        },
        onStart: (isFresh) => notices?.watch(monitors, isFresh),
        onChange,
        onRestart: () => saver.soon(),
        onFault: (where, error) => faults.take(where, error),
      },
      ended,
    )
    if (listening?.isOrphan === true) log.error('supervisord died: ending with it')
    if (stop.aborted) await sayFarewell(monitors, outboxes, lastWords(config.agent, listening))
  } finally {
    for (const end of unhear) end?.()
    await unpublish()
    await Promise.all([outboxes.close(), opened.close()])
    await saver.last()
  }
  return remembered(monitors, outboxes, standings)
}

/** Less than the time a stop may take. */
const FAREWELL_WITHIN_MS = 1_000

async function sayFarewell(
  monitors: readonly Monitor[],
  outboxes: Outboxes,
  message: string | null,
): Promise<void> {
  if (message === null) return
  for (const { name } of monitors) outboxes.offer(name, tellDown(message))
  const said = Promise.all(monitors.map(({ name }) => outboxes.settled(name)))
  const inTime = new AbortController()
  await Promise.race([said, realClock.sleep(FAREWELL_WITHIN_MS, inTime.signal)])
  inTime.abort()
}

/** Null for none. A death is told whatever becomes of a planned stop: nobody has planned it. */
function lastWords({ onStop }: AgentConfig, listening: Listening | null): string | null {
  if (listening?.isOrphan === true) return 'supervisord died: nothing is watched until it runs again'
  if (onStop === 'none') return null
  return listening?.isStopping === true
    ? 'supervisord was stopped: nothing is watched until it runs again'
    : 'the agent was stopped: nothing is watched until it runs again'
}

function describeTimes(agent: AgentConfig): string {
  return `a check every ${formatDuration(agent.checkEveryMs)}, a heartbeat ${describePushes(agent)} and at every change`
}

/** Each monitor has a phase of its own, so that neither a host's monitors nor a fleet push in the same second. */
async function periodFactory({ schedule, pushEveryMs }: AgentConfig): Promise<() => Period> {
  if (schedule === null) {
    return () => createPeriod(pushEveryMs, realClock.now() + realClock.random() * pushEveryMs)
  }
  const { CronTime } = await import('cron')
  const times = new CronTime(schedule)
  // A timer may end a little early: the time that is just due is not its own successor.
  return () =>
    createCronPeriod(() => times.getNextDateFrom(new Date(Date.now() + 500)).toMillis() - Date.now())
}
