import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Clock } from '../lib/clock.ts'
import { messageOf } from '../lib/errors.ts'
import type { Log } from '../lib/log.ts'
import type { Verdict } from '../rules/judge.ts'
import { Wake } from './wake.ts'

/** The agent as systemd hears of it. */
export interface Notifying {
  readonly monitors: readonly { readonly name: string; readonly verdict: Verdict | null }[]
  /** True while every target has completed a check of late. */
  readonly isAlive: boolean
}

/** A Kuma that is away must not hold up the boot of the host. */
const READY_WITHIN_MS = 10_000
/** Notifications that come together are sent by one process. */
const TOGETHER_MS = 100
const STATUS_EVERY_MS = 60_000

/** Keeps systemd informed: ready, reloading, stopping, the verdicts, and that the checks still run. */
export class SystemdNotify {
  readonly #socket: Pick<NotifySocket, 'notify' | 'watchdogMs'>
  readonly #clock: Clock
  readonly #wake = new Wake()
  #agent: Notifying | null = null
  #isReady = false
  #isReadyTold = false
  #toldStatus = ''

  constructor(socket: Pick<NotifySocket, 'notify' | 'watchdogMs'>, clock: Clock) {
    this.#socket = socket
    this.#clock = clock
  }

  /** This is the agent from now on: a reload has replaced the one before. */
  follow(agent: Notifying): void {
    this.#agent = agent
  }

  /** A heartbeat was delivered, or answered once and for all. */
  answered(): void {
    if (!this.#isReady) this.#wake.notify()
    this.#isReady = true
  }

  /** A verdict has changed. */
  changed(): void {
    this.#wake.notify()
  }

  reloading(): void {
    this.#isReadyTold = false
    const microseconds = Math.round(this.#clock.now() * 1000)
    void this.#socket.notify(['RELOADING=1', `MONOTONIC_USEC=${microseconds}`])
  }

  /** The reload is done, or was refused. */
  reloaded(): void {
    this.#wake.notify()
  }

  /** Tells until aborted, at last that it stops. */
  async run(stop: AbortSignal): Promise<void> {
    const clock = this.#clock
    const { watchdogMs } = this.#socket
    const everyMs = watchdogMs === null ? STATUS_EVERY_MS : watchdogMs / 2
    const readyByMs = clock.now() + READY_WITHIN_MS
    for (;;) {
      const waitMs = this.#isReady ? everyMs : Math.min(everyMs, readyByMs - clock.now())
      if (await this.#wake.wait(clock, waitMs, stop)) await clock.sleep(TOGETHER_MS, stop)
      if (stop.aborted) break
      this.#wake.clear()
      this.#isReady ||= clock.now() >= readyByMs
      const assignments = this.#news()
      if (assignments.length > 0) await this.#socket.notify(assignments)
    }
    await this.#socket.notify(['STOPPING=1', 'STATUS=stopping'])
  }

  #news(): string[] {
    const status = describeStatus(this.#agent?.monitors ?? [])
    const assignments = [
      ...(this.#isReady && !this.#isReadyTold ? ['READY=1'] : []),
      ...(status === this.#toldStatus ? [] : [`STATUS=${status}`]),
      ...(this.#socket.watchdogMs !== null && this.#agent?.isAlive !== false ? ['WATCHDOG=1'] : []),
    ]
    this.#isReadyTold ||= this.#isReady
    this.#toldStatus = status
    return assignments
  }
}

function describeStatus(monitors: Notifying['monitors']): string {
  const verdicts = monitors.flatMap(({ name, verdict }) => (verdict === null ? [] : [{ name, ...verdict }]))
  const [first] = verdicts
  if (first === undefined) return 'the first check is under way'
  if (monitors.length === 1) return `${first.status.toUpperCase()}: ${first.message}`
  const down = verdicts.filter(({ status }) => status === 'down')
  const [worst] = down
  if (worst === undefined) return `${monitors.length} monitors, none DOWN`
  return `${down.length} of ${monitors.length} monitors DOWN: ${worst.name}: ${worst.message}`
}

const NOTIFY_TIMEOUT_MS = 5_000

/**
 * The socket of a systemd that runs this process as a service and wants to hear of it.
 *
 * It takes datagrams, which Node cannot send: systemd's own `systemd-notify` does it, in 2 ms of our CPU and 5 of its own. The
 * unit must have `NotifyAccess=all`.
 * @see https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
 */
export class NotifySocket {
  /** How often systemd must hear `WATCHDOG=1`; null when it does not ask for it. */
  readonly watchdogMs: number | null
  readonly #env: { readonly NOTIFY_SOCKET: string; readonly PATH: string }
  readonly #log: Log
  #last: Promise<void> = Promise.resolve()
  #isFailing = false

  private constructor(path: string, searchPath: string, watchdogMs: number, log: Log) {
    this.watchdogMs = watchdogMs > 0 ? watchdogMs : null
    this.#env = { NOTIFY_SOCKET: path, PATH: searchPath }
    this.#log = log
  }

  /**
   * Returns the socket that the variables name; null where there is none.
   * @param pid this process; the watchdog may mean another one
   */
  static open(env: Readonly<Record<string, string | undefined>>, pid: number, log: Log): NotifySocket | null {
    const { NOTIFY_SOCKET: path = '', PATH: searchPath = '/usr/bin:/bin' } = env
    if (path === '') return null
    const isForUs = [undefined, String(pid)].includes(env['WATCHDOG_PID'])
    const watchdogMs = isForUs ? Number(env['WATCHDOG_USEC'] ?? 0) / 1000 : 0
    return new NotifySocket(path, searchPath, watchdogMs, log)
  }

  /** Tells assignments such as `READY=1`, in the order of the calls. Never throws; logs a failure once, until it works again. */
  notify(assignments: readonly string[]): Promise<void> {
    this.#last = this.#last.then(() => this.#tell(assignments))
    return this.#last
  }

  async #tell(assignments: readonly string[]): Promise<void> {
    const failure = await this.#run(assignments)
    if (failure !== null && !this.#isFailing) {
      this.#log.warn(`systemd cannot be told how the agent is: systemd-notify ${failure}`)
    }
    this.#isFailing = failure !== null
  }

  /** Returns why it failed; null when it did not. */
  async #run(assignments: readonly string[]): Promise<string | null> {
    try {
      const child = spawn('systemd-notify', assignments, {
        env: this.#env,
        stdio: 'ignore',
        timeout: NOTIFY_TIMEOUT_MS,
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
}
