import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { messageOf } from '../../lib/errors.ts'

/** The systemd that runs this process as a service and wants to hear of it. */
export interface ServiceManager {
  /** How often it must hear `WATCHDOG=1`; null when it does not ask for it. */
  readonly watchdogMs: number | null
  /**
   * Tells assignments such as `READY=1`, in the order of the calls. Never throws.
   * @see https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
   */
  notify(assignments: readonly string[]): Promise<void>
}

interface ServiceManagerOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly pid: number
  /** Called when systemd cannot be told anything: once, until it could be again. */
  readonly onFailure: (reason: string) => void
}

const TIMEOUT_MS = 5_000

/**
 * Null where nobody asked (`NOTIFY_SOCKET`).
 *
 * It is a datagram socket, which Node cannot open: systemd's own `systemd-notify` does it, in 2 ms of our CPU and 5 of
 * its own. The unit must have `NotifyAccess=all`.
 */
export function openServiceManager({ env, pid, onFailure }: ServiceManagerOptions): ServiceManager | null {
  const socket = env['NOTIFY_SOCKET'] ?? ''
  if (socket === '') return null
  const childEnv = { NOTIFY_SOCKET: socket, PATH: env['PATH'] ?? '/usr/bin:/bin' }
  const isForUs = [undefined, String(pid)].includes(env['WATCHDOG_PID'])
  const watchdogMs = isForUs ? Number(env['WATCHDOG_USEC'] ?? 0) / 1000 : 0
  let last = Promise.resolve()
  let isFailing = false

  const tell = async (assignments: readonly string[]): Promise<void> => {
    const reason = await run(assignments, childEnv)
    if (reason !== null && !isFailing) onFailure(`systemd-notify ${reason}`)
    isFailing = reason !== null
  }
  return {
    watchdogMs: watchdogMs > 0 ? watchdogMs : null,
    notify: (assignments) => (last = last.then(() => tell(assignments))),
  }
}

/** Null when it went well. */
async function run(args: readonly string[], env: Record<string, string>): Promise<string | null> {
  try {
    const child = spawn('systemd-notify', args, {
      env,
      stdio: 'ignore',
      timeout: TIMEOUT_MS,
      killSignal: 'SIGKILL',
    })
    await once(child, 'close')
    const { exitCode, signalCode } = child
    // By systemd itself, which ends all processes of a service side by side.
    if (signalCode === 'SIGTERM') return null
    return exitCode === 0 ? null : `ended with ${signalCode ?? `exit code ${exitCode}`}`
  } catch (error) {
    return `cannot be run: ${messageOf(error)}`
  }
}
