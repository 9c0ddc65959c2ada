import { readlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { makeFolder } from '../lib/atomic-write.ts'
import type { Clock } from '../lib/clock.ts'
import { messageOf } from '../lib/errors.ts'
import { lockName, lockSocket, takeLock, type Release } from '../lib/lock.ts'
import type { Log } from '../lib/log.ts'
import { describeTime } from '../lib/text.ts'
import { readSocket } from './read-socket.ts'

/** An agent that is ending, as when supervisord or its container was restarted, may need so long. */
const PATIENCE_MS = 5_000
/** Somebody waits at a terminal. */
const PATIENCE_AT_TERMINAL_MS = 2_000
const RETRY_EVERY_MS = 250
const RETRY_LATER_EVERY_MS = 10_000
const ANSWER_TIMEOUT_MS = 1_000

/**
 * The lock of the one agent that runs with a state file: two of them push for the same monitors, and both restart what
 * `on_failure` tells them to. A service is not refused for that: whoever holds the lock may be a stranger, and an agent that
 * does not watch is worse than two.
 */
export class SoleAgent {
  readonly #stateFile: string
  readonly #clock: Clock
  readonly #log: Log
  readonly #left = new AbortController()
  #release: Release | null = null
  #watching: Promise<void> | null = null

  constructor(stateFile: string, clock: Clock, log: Log) {
    this.#stateFile = stateFile
    this.#clock = clock
    this.#log = log
  }

  /** Warns where another agent has the lock, and says later that this one has it. */
  watch(): void {
    this.#watching ??= this.#watch()
  }

  /** Returns whether another agent has the lock, and says so, for one that ends then. */
  async refuses(): Promise<boolean> {
    const holder = await this.#take(RETRY_EVERY_MS, PATIENCE_AT_TERMINAL_MS)
    if (holder === null) return false
    this.#log.error(
      `another agent runs already with the state file ${this.#stateFile}${holder}: this one is not started; kuma-supervisor-push status tells what that one sees, run --dry-run only prints, another --state-file lets it run beside that one, systemctl stop kuma-supervisor-push ends the service`,
    )
    return true
  }

  /** Gives up the lock. */
  async leave(): Promise<void> {
    this.#left.abort()
    await this.#watching
    await this.#release?.()
  }

  async #watch(): Promise<void> {
    const holder = await this.#take(RETRY_EVERY_MS, PATIENCE_MS)
    if (holder === null || this.#left.signal.aborted) return
    this.#log.warn(
      `another agent runs already with the state file ${this.#stateFile}${holder}: both push; end one of them, kuma-supervisor-push status tells what the first one sees`,
    )
    await this.#take(RETRY_LATER_EVERY_MS, Infinity)
    if (this.#isHeld) this.#log.info('the other agent has ended: this one is alone now')
  }

  get #isHeld(): boolean {
    return this.#release !== null && !this.#left.signal.aborted
  }

  /** Returns what is known of the lock's holder, for the log; null once it is this agent, or where that cannot be known. */
  async #take(everyMs: number, patienceMs: number): Promise<string | null> {
    const left = this.#left.signal
    const untilMs = this.#clock.now() + patienceMs
    try {
      // The lock is named after the folder itself.
      await makeFolder(dirname(this.#stateFile)).catch(() => {})
      const name = `run ${await lockName(this.#stateFile)}`
      const container = await readlink('/proc/self/ns/pid').catch(() => 'unknown')
      for (;;) {
        const startedMs = Math.round(Date.now() - process.uptime() * 1000)
        this.#release = await takeLock(name, `${process.pid} ${container} ${startedMs}`)
        if (this.#release !== null || left.aborted) return null
        if (this.#clock.now() >= untilMs) {
          const within = AbortSignal.any([left, AbortSignal.timeout(ANSWER_TIMEOUT_MS)])
          return describeHolder(await readSocket(lockSocket(name), within), container)
        }
        await this.#clock.sleep(everyMs, left)
      }
    } catch (error) {
      const unknown = `whether another agent runs with the state file ${this.#stateFile} is unknown`
      this.#log.debug(`${unknown}: ${messageOf(error)}`)
      return null
    }
  }
}

/** Describes the holder by its own words; empty where they are none of an agent's. */
function describeHolder(message: string | null, container: string): string {
  const [, pid, where, startedMs] = /^(\d{1,10}) (\S{1,40}) (\d{1,15})$/.exec(message ?? '') ?? []
  if (pid === undefined) return ''
  const since = `since ${describeTime(Number(startedMs), Date.now())}`
  // A pid means nothing among the processes of another container.
  return where === container
    ? ` (pid ${pid}, ${since}; systemctl status ${pid})`
    : ` (in another container, ${since})`
}
