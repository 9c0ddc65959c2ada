import { createCronPeriod, createPeriod, type Period } from '../agent/period.ts'
import { runAgent } from '../agent/run-agent.ts'
import { createStateFile } from '../agent/state-file.ts'
import type { AgentConfig } from '../config/config.ts'
import { formatDuration } from '../config/duration.ts'
import type { SharedFlags } from '../config/options.ts'
import { EXIT, type ExitCode } from '../errors.ts'
import { load, type Terminal } from './load.ts'
import { openOutboxes } from './open-outboxes.ts'
import { openWatches } from './open-watches.ts'
import { readBootId } from './read-boot-id.ts'
import { realClock } from './real-clock.ts'
import { remembered } from './remembered.ts'

/** `run`: checks and pushes until stopped. */
export async function run(flags: SharedFlags, terminal: Terminal, stop: AbortSignal): Promise<ExitCode> {
  const { loaded, log } = await load(flags, terminal)
  const { config, dryRun } = loaded
  for (const warning of loaded.timing) log.warn(warning)
  const clock = realClock
  const stateFile = createStateFile({ path: config.agent.stateFile, bootId: await readBootId(), log })
  const memories = dryRun ? new Map() : await stateFile.load()
  const opened = await openWatches({ config, env: terminal.env, memories, clock, log, listens: true })
  const { watches } = opened
  const monitors = watches.flatMap((watch) => watch.monitors)
  terminal.onSignal('SIGUSR1', () => {
    for (const { bell } of watches) bell.ring()
  })
  // One write after the other; a change during a write is in the next.
  let saving = Promise.resolve()
  let isDue = false
  const save = async (): Promise<void> => {
    isDue = false
    if (!dryRun) await stateFile.save(remembered(monitors, outboxes))
  }
  const saveSoon = (): void => {
    if (!isDue) saving = saving.then(save)
    isDue = true
  }
  const outboxes = await openOutboxes({
    config,
    dryRun,
    memories,
    clock,
    wallNow: () => Date.now(),
    log,
    print: terminal.print,
    onTold(name, untilMs) {
      if (monitors.find((one) => one.name === name)?.told(untilMs)) saveSoon()
    },
    onMissed: saveSoon,
  })

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
        offer: ({ name }, telling) => outboxes.offer(name, telling),
        onChange({ name, verdict }) {
          log.info(`${name} is ${verdict?.status}: ${verdict?.message}`)
          saveSoon()
        },
      },
      stop,
    )
  } finally {
    await saving
    await save()
    await Promise.all([outboxes.close(), opened.close()])
  }
  return EXIT.ok
}

function describeTimes({ checkEveryMs, pushEveryMs, schedule }: AgentConfig): string {
  const pushes = schedule === null ? `every ${formatDuration(pushEveryMs)}` : `by the schedule "${schedule}"`
  return `a check every ${formatDuration(checkEveryMs)}, a heartbeat ${pushes} and at every change`
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
