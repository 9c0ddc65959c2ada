import { setMaxListeners } from 'node:events'
import type { Loaded } from '../cli/load.ts'
import type { Terminal } from '../cli/terminal.ts'
import type { AgentConfig } from '../config/config.ts'
import { describePushes } from '../config/timing.ts'
import { formatDuration } from '../lib/duration.ts'
import { readBootId, realClock } from '../lib/clock.ts'
import { CrashNote, crashNotePath } from './crash-note.ts'
import type { Listener } from './listener.ts'
import type { Monitor, Sending } from './monitor.ts'
import { Notifiers } from './notifiers.ts'
import { CronPeriod, GridPeriod, type Period } from './pacing.ts'
import { publishStatus } from './gather-status.ts'
import { StateFile, type Records } from './state.ts'
import type { Notifying, SystemdNotify } from './systemd-notify.ts'
import { Targets } from './targets.ts'

interface AgentOptions {
  readonly loaded: Loaded
  readonly terminal: Terminal
  /** Null where it is not supervisord that runs the agent. */
  readonly listener: Listener | null
  /** Null where no systemd asked to be told. */
  readonly systemd: SystemdNotify | null
  /** The state of the monitors; null to read it from the state file. */
  readonly records: Records | null
}

/** Less than the time a stop may take. */
const FAREWELL_WITHIN_MS = 1_000

/** The running agent by one configuration: its targets, their monitors, and where the heartbeats go. */
export class Agent implements Notifying {
  readonly monitors: readonly Monitor[]
  readonly #options: AgentOptions
  readonly #stateFile: StateFile
  readonly #notifiers: Notifiers
  readonly #targets: Targets

  private constructor(options: AgentOptions, stateFile: StateFile, notifiers: Notifiers, targets: Targets) {
    this.#options = options
    this.#stateFile = stateFile
    this.#notifiers = notifiers
    this.#targets = targets
    this.monitors = targets.monitors
    stateFile.follow(this.monitors)
  }

  /** @throws {ConfigError} for what only the use of a configuration shows, as a certificate that is none */
  static async open(options: AgentOptions): Promise<Agent> {
    const { loaded, terminal, listener, systemd } = options
    const { log, mask } = loaded
    const { config, dryRun } = loaded.loaded
    const stateFile = new StateFile(dryRun ? null : config.agent.stateFile, await readBootId(), log)
    const notePath = crashNotePath(config.agent.stateFile)
    const crashNote = dryRun ? null : await CrashNote.read(notePath)
    if (!dryRun) terminal.noteCrashIn(notePath)
    const records = options.records ?? (await stateFile.load())
    const parts = { config, records, clock: realClock, log }
    const notifiers = dryRun ? Notifiers.dryRun(parts, terminal.print) : await Notifiers.open(parts)
    const newPeriod = await periodFactory(config.agent)
    const sendings = new Map(
      config.monitors.map(({ name }): [string, Sending] => [
        name,
        { notifier: notifiers.of(name), period: newPeriod(), log, stateFile, systemd, crashNote },
      ]),
    )
    const targets = await Targets.open(
      {
        config,
        records,
        env: terminal.env,
        own: listener?.own ?? null,
        listens: true,
        restarting: dryRun ? null : { terminal, stateFile },
        clock: realClock,
        log,
        mask,
      },
      sendings,
    )
    return new Agent(options, stateFile, notifiers, targets)
  }

  /** True while every target has completed a check of late. */
  get isAlive(): boolean {
    return this.#targets.all.every((target) => target.isAlive)
  }

  /**
   * Checks and pushes until stopped, or until another configuration takes the place of this one.
   * @returns what the monitors remember then
   */
  async run(stop: AbortSignal, replaced: AbortSignal): Promise<Records> {
    const { loaded, terminal, listener, systemd } = this.#options
    const targets = this.#targets.all
    const { config } = loaded.loaded
    const ended = AbortSignal.any([stop, replaced])
    // Every target waits for it, however many there are.
    setMaxListeners(0, ended)
    const wakes = targets.map(({ wake }) => wake)
    listener?.connect(wakes, loaded.log)
    systemd?.follow(this)
    const unsubscribe = terminal.onSignal('SIGUSR1', () => {
      for (const wake of wakes) wake.notify()
    })
    const unpublish = loaded.loaded.dryRun ? null : await publishStatus(loaded, terminal.env, targets)
    loaded.log.info(`watching ${targets.map(({ name }) => name).join(', ')}: ${describeTimes(config.agent)}`)
    try {
      await Promise.all(targets.flatMap((target) => [target.run(ended), target.sendHeartbeats(ended)]))
      if (stop.aborted) await this.#sayFarewell()
    } finally {
      unsubscribe()
      await unpublish?.()
      await Promise.all([this.#notifiers.close(), this.#targets.close()])
      await this.#stateFile.saveLast()
    }
    return new Map(this.monitors.map(({ name, record }) => [name, record]))
  }

  /** Sends the last heartbeat, where one is to be sent. A death is told whatever `on_stop` says: nobody has planned it. */
  async #sayFarewell(): Promise<void> {
    const { loaded, listener } = this.#options
    if (listener?.isOrphan === true) loaded.log.error('supervisord died: ending with it')
    const message = farewellMessage(loaded.loaded.config.agent, listener)
    if (message === null) return
    for (const monitor of this.monitors) monitor.sendFarewell(message)
    const settled = Promise.all(this.monitors.map((monitor) => monitor.settled()))
    const inTime = new AbortController()
    await Promise.race([settled, realClock.sleep(FAREWELL_WITHIN_MS, inTime.signal)])
    inTime.abort()
  }
}

/** Null for none. */
function farewellMessage({ onStop }: AgentConfig, listener: Listener | null): string | null {
  if (listener?.isOrphan === true) return 'supervisord died: nothing is watched until it runs again'
  if (onStop === 'none') return null
  return listener?.isStopping === true
    ? 'supervisord was stopped: nothing is watched until it runs again'
    : 'the agent was stopped: nothing is watched until it runs again'
}

function describeTimes(agent: AgentConfig): string {
  return `a check every ${formatDuration(agent.checkEveryMs)}, a heartbeat ${describePushes(agent)} and at every change`
}

/** Each monitor has a phase of its own, so that neither a host's monitors nor a fleet push in the same second. */
async function periodFactory({ schedule, pushEveryMs }: AgentConfig): Promise<() => Period> {
  if (schedule === null) {
    return () => new GridPeriod(pushEveryMs, realClock.now() + realClock.random() * pushEveryMs)
  }
  const { CronTime } = await import('cron')
  const times = new CronTime(schedule)
  // A timer may end a little early: the time that is just due is not its own successor.
  return () => new CronPeriod(() => times.getNextDateFrom(new Date(Date.now() + 500)).toMillis() - Date.now())
}
