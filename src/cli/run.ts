import { Agent } from '../agent/agent.ts'
import type { Listener } from '../agent/listener.ts'
import { openKumaClients } from '../agent/notifiers.ts'
import { SoleAgent } from '../agent/sole-agent.ts'
import type { Records } from '../agent/state.ts'
import { NotifySocket, SystemdNotify } from '../agent/systemd-notify.ts'
import type { SharedFlags } from '../config/options.ts'
import { ConfigError, EXIT, type ExitCode } from '../lib/errors.ts'
import type { Log } from '../lib/log.ts'
import { realClock } from '../lib/clock.ts'
import { load, type Loaded } from './load.ts'
import type { Terminal } from './terminal.ts'

/** `run`: checks and pushes until stopped; SIGHUP has it load its configuration again. */
export function run(flags: SharedFlags, terminal: Terminal, stop: AbortSignal): Promise<ExitCode> {
  return runAgent(null, flags, terminal, stop)
}

/** @param listener where supervisord runs the agent as its event listener */
export async function runAgent(
  listener: Listener | null,
  flags: SharedFlags,
  terminal: Terminal,
  stop: AbortSignal,
): Promise<ExitCode> {
  const first = await load(flags, terminal)
  // systemd may ask supervisord to notify it; a child of supervisord must not answer for it.
  const systemd = listener === null ? openSystemd(terminal, first.log) : null
  const notifying = systemd?.run(stop)
  const configurations = new Configurations(first, flags, terminal, systemd)
  // A person's terminal sends it too, when it is closed.
  if (!terminal.isInteractive) terminal.onSignal('SIGHUP', () => void configurations.reload())
  let records: Records | null = null
  for (let loaded = configurations.next(); loaded !== null; loaded = configurations.next()) {
    if (stop.aborted) break
    const { log } = loaded
    const { config, dryRun, timing } = loaded.loaded
    for (const warning of timing) log.warn(warning)
    const sole = new SoleAgent(config.agent.stateFile, realClock, log)
    try {
      if (!dryRun && !terminal.isInteractive) sole.watch()
      else if (!dryRun && (await sole.refuses())) return EXIT.locked
      const agent = await Agent.open({ loaded, terminal, listener, systemd, records })
      records = await agent.run(stop, configurations.replaced)
    } finally {
      await sole.leave()
    }
  }
  await notifying
  return EXIT.ok
}

function openSystemd({ env }: Terminal, log: Log): SystemdNotify | null {
  const socket = NotifySocket.open(env, process.pid, log)
  return socket === null ? null : new SystemdNotify(socket, realClock)
}

/** The configuration in force, and the one that takes its place once it was loaded again. */
class Configurations {
  readonly #flags: SharedFlags
  readonly #terminal: Terminal
  readonly #systemd: SystemdNotify | null
  #current: Loaded
  #next: Loaded | null
  #replaced = new AbortController()

  constructor(first: Loaded, flags: SharedFlags, terminal: Terminal, systemd: SystemdNotify | null) {
    this.#current = first
    this.#next = first
    this.#flags = flags
    this.#terminal = terminal
    this.#systemd = systemd
  }

  /** Returns the one that is in force from now on; null when none takes the place of the last one. */
  next(): Loaded | null {
    const next = this.#next
    if (next === null) return null
    this.#current = next
    this.#next = null
    this.#replaced = new AbortController()
    return next
  }

  /** Aborted when another one is to take the place of the one in force. */
  get replaced(): AbortSignal {
    return this.#replaced.signal
  }

  /** Loads the configuration again. One that is wrong is refused, with its problems in the log. */
  async reload(): Promise<void> {
    this.#systemd?.reloading()
    try {
      const loaded = await load(this.#flags, this.#terminal)
      // Some faults show only in use, as a certificate that is none.
      if (!loaded.loaded.dryRun) await openKumaClients(loaded.loaded.config, realClock)
      this.#next = loaded
      this.#replaced.abort()
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      const { log } = this.#current
      for (const problem of error.problems) log.error(problem)
      log.error('the configuration was not loaded again: the one before stays in force')
    } finally {
      this.#systemd?.reloaded()
    }
  }
}
