import type { Memories } from '../agent/state-file.ts'
import type { SharedFlags } from '../config/options.ts'
import { ConfigError, EXIT, type ExitCode } from '../lib/errors.ts'
import type { Log } from '../lib/log.ts'
import { keepWatch } from '../agent/keep-watch.ts'
import type { Listening } from '../agent/listening.ts'
import { load, type Loaded } from './load.ts'
import type { Terminal } from './terminal.ts'
import { openOutboxes } from '../agent/open-outboxes.ts'
import { realClock } from '../lib/real-clock.ts'
import type { ServiceNotices } from '../agent/service-notices.ts'
import { SoleAgent } from '../agent/sole-agent.ts'

/** `run`: checks and pushes until stopped; SIGHUP has it load its configuration again. */
export function run(flags: SharedFlags, terminal: Terminal, stop: AbortSignal): Promise<ExitCode> {
  return runWith(null, flags, terminal, stop)
}

/** `run`, with what more there is where supervisord runs it as an event listener. */
export async function runWith(
  listening: Listening | null,
  flags: SharedFlags,
  terminal: Terminal,
  stop: AbortSignal,
): Promise<ExitCode> {
  let current = await load(flags, terminal)
  let next: Loaded | null = current
  let memories: Memories | null = null
  let replaced = new AbortController()
  // systemd may ask supervisord to notify it; a child of supervisord must not answer for it.
  const notices = listening === null ? await openNotices(terminal, current.log) : null
  const noticing = notices?.run(stop)

  const reload = async (): Promise<void> => {
    notices?.reloading()
    try {
      const loaded = await load(flags, terminal)
      await tryOut(loaded, terminal)
      next = loaded
      replaced.abort()
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      for (const problem of error.problems) current.log.error(problem)
      current.log.error('the configuration was not loaded again: the one before stays in force')
    } finally {
      notices?.reloaded()
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
      memories = await keepWatch({
        ...current,
        terminal,
        notices,
        listening,
        memories,
        stop,
        replaced: signal,
      })
    } finally {
      await sole.leave()
    }
  }
  await noticing
  return EXIT.ok
}

/** Loads what tells systemd only where one asked for it. */
async function openNotices({ env }: Terminal, log: Log): Promise<ServiceNotices | null> {
  if (env['NOTIFY_SOCKET'] === undefined) return null
  const { openServiceManager } = await import('../collect/systemd/service-manager.ts')
  const { createServiceNotices } = await import('../agent/service-notices.ts')
  const onFailure = (reason: string): void => log.warn(`systemd cannot be told how the agent is: ${reason}`)
  const manager = openServiceManager({ env, pid: process.pid, onFailure })
  return manager === null ? null : createServiceNotices(manager, realClock)
}

/** @throws {ConfigError} for what only the use of a configuration shows, as a certificate that is none */
async function tryOut({ loaded: { config, dryRun }, log }: Loaded, { print }: Terminal): Promise<void> {
  const outboxes = await openOutboxes({
    config,
    dryRun,
    isOneShot: false,
    memories: new Map(),
    log,
    print,
    onTold() {},
    onMissed() {},
  })
  await outboxes.close()
}
