import { readlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Clock } from '../lib/clock.ts'
import { describeTime } from '../lib/text.ts'
import { makeFolder } from '../lib/atomic-write.ts'
import { lockName, lockSocket, takeLock, type Release } from '../lib/lock.ts'
import { messageOf } from '../lib/errors.ts'
import type { Log } from '../lib/log.ts'
import { readSocket } from './read-socket.ts'

/** The place of the one agent that runs with a state file. */
export interface SoleAgent {
  /** Says so where another agent has the place, and later that this one has it: it goes on all the same. */
  watch(): void
  /** Whether another agent has the place; says so, for one that ends then. */
  refuses(): Promise<boolean>
  /** Leaves the place. */
  leave(): Promise<void>
}

interface SoleOptions {
  readonly stateFile: string
  readonly clock: Clock
  readonly log: Log
}

/** One that is ending, as when supervisord or its container was restarted, may need so long. */
const PATIENCE_MS = 5_000
/** Somebody waits at a terminal. */
const PATIENCE_AT_TERMINAL_MS = 2_000
const ASK_EVERY_MS = 250
const ASK_LATER_EVERY_MS = 10_000
const ANSWER_WITHIN_MS = 1_000

/**
 * Two agents with one state file push for the same monitors, and both restart what `on_failure` tells them to. A service is not
 * refused for that: whoever holds the place may be a stranger, and one that does not watch is worse than two.
 */
export function createSoleAgent({ stateFile, clock, log }: SoleOptions): SoleAgent {
  const left = new AbortController()
  let release: Release | null = null
  let watching: Promise<void> | null = null

  /** What is known of the one that has the place, for the log; null once it is ours, or where that cannot be known. */
  const take = async (everyMs: number, withinMs: number): Promise<string | null> => {
    const untilMs = clock.now() + withinMs
    try {
      // It is the folder itself that names the lock.
      await makeFolder(dirname(stateFile)).catch(() => {})
      const name = `run ${await lockName(stateFile)}`
      const here = await readlink('/proc/self/ns/pid').catch(() => 'unknown')
      for (;;) {
        const says = `${process.pid} ${here} ${Math.round(Date.now() - process.uptime() * 1000)}`
        release = await takeLock(name, says)
        if (release !== null || left.signal.aborted) return null
        if (clock.now() >= untilMs) {
          const within = AbortSignal.any([left.signal, AbortSignal.timeout(ANSWER_WITHIN_MS)])
          return describe(await readSocket(lockSocket(name), within), here)
        }
        await clock.sleep(everyMs, left.signal)
      }
    } catch (error) {
      log.debug(`whether another agent runs with the state file ${stateFile} is unknown: ${messageOf(error)}`)
      return null
    }
  }
  const isOurs = (): boolean => release !== null && !left.signal.aborted

  const watch = async (): Promise<void> => {
    const who = await take(ASK_EVERY_MS, PATIENCE_MS)
    if (who === null || left.signal.aborted) return
    log.warn(
      `another agent runs already with the state file ${stateFile}${who}: both push; end one of them, kuma-supervisor-push status tells what the first one sees`,
    )
    await take(ASK_LATER_EVERY_MS, Infinity)
    if (isOurs()) log.info('the other agent has ended: this one is alone now')
  }

  return {
    watch: () => void (watching ??= watch()),
    async refuses() {
      const who = await take(ASK_EVERY_MS, PATIENCE_AT_TERMINAL_MS)
      if (who === null) return false
      log.error(
        `another agent runs already with the state file ${stateFile}${who}: this one is not started; kuma-supervisor-push status tells what that one sees, run --dry-run only prints, another --state-file lets it run beside that one, systemctl stop kuma-supervisor-push ends the service`,
      )
      return true
    },
    async leave() {
      left.abort()
      await watching
      await release?.()
    },
  }
}

/** A pid means nothing among the processes of another container. */
function describe(said: string | null, here: string): string {
  const [, pid, where, startedMs] = /^(\d{1,10}) (\S{1,40}) (\d{1,15})$/.exec(said ?? '') ?? []
  if (pid === undefined) return ''
  const since = `since ${describeTime(Number(startedMs), Date.now())}`
  return where === here
    ? ` (pid ${pid}, ${since}; systemctl status ${pid})`
    : ` (in another container, ${since})`
}
