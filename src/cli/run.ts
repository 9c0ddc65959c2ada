import { Agent } from '../agent/agent.ts'
import type { Listener } from '../agent/listener.ts'
import { openKumaClients } from '../agent/notifiers.ts'
import { SoleAgent } from '../agent/sole-agent.ts'
import type { Memories } from '../agent/state.ts'
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
  let current = await load(flags, terminal)
  let next: Loaded | null = current
  let memories: Memories | null = null
  let replaced = new AbortController()
  // systemd may ask supervisord to notify it; a child of supervisord must not answer for it.
  const systemd = listener === null ? openSystemd(terminal, current.log) : null
  const notifying = systemd?.run(stop)

  const reload = async (): Promise<void> => {
    systemd?.reloading()
    try {
      const loaded = await load(flags, terminal)
      await tryOut(loaded)
      next = loaded
      replaced.abort()
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      for (const problem of error.problems) current.log.error(problem)
      current.log.error('the configuration was not loaded again: the one before stays in force')
    } finally {
      systemd?.reloaded()
    }
  }
  // A person's terminal sends it too, when it is closed.
  if (!terminal.isInteractive) terminal.onSignal('SIGHUP', () => void reload())

  while (next !== null && !stop.aborted) {
    current = next
    next = null
    replaced = new AbortController()
    for (const warning of current.loaded.timing) current.log.warn(warning)
    const { signal } = replaced
    const { stateFile } = current.loaded.config.agent
    const sole = new SoleAgent(stateFile, realClock, current.log)
    try {
      if (!current.loaded.dryRun) {
        if (!terminal.isInteractive) sole.watch()
        else if (await sole.refuses()) return EXIT.locked
      }
      const agent = await Agent.open({ loaded: current, terminal, listener, systemd, memories })
      memories = await agent.run(stop, signal)
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

/** @throws {ConfigError} for what only the use of a configuration shows, as a certificate that is none */
async function tryOut({ loaded: { config, dryRun } }: Loaded): Promise<void> {
  if (!dryRun) await openKumaClients(config, realClock)
}
