import type { Log } from '../lib/log.ts'
import { createPidWatch } from '../collect/pid-watch.ts'
import type { SupervisorClient } from '../collect/supervisor/client.ts'
import type { ProcessInfo } from '../collect/supervisor/process-info.ts'
import type { RpcReading } from '../collect/supervisor/rpc-reading.ts'
import { repeat } from './repeat.ts'
import type { Wake } from './wake.ts'

interface PidsOptions {
  readonly name: string
  readonly client: SupervisorClient
  readonly wake: Wake
  readonly log: Log
}

/** The readings of a supervisord whose processes are watched. */
export interface WatchedReadings {
  read(signal: AbortSignal): Promise<RpcReading>
  /** Whether they can be seen: then a death is noticed at once, else at the next check. */
  seesPids(): boolean
  /** Ends the watch, and leaves the client open. */
  close(): void
}

/**
 * Reads supervisord and watches the processes that it reports: when one dies, supervisord is woken, and once it is,
 * the target is, too; when one is started, the target is woken. Where they are not to be seen, supervisord is woken
 * before each reading: what it says would else be up to a second old.
 */
export function watchPids(options: PidsOptions): WatchedReadings {
  const { name, client, wake, log } = options
  const stop = new AbortController()
  let lastPid: number | null = null
  let lastProcesses: readonly ProcessInfo[] | null = null
  const watch = createPidWatch({
    onDeath: () => void client.wake(stop.signal).then(() => wake.notify()),
    onBirth: () => wake.notify(),
    onBlind() {
      log.debug(
        `${name}: its processes are not to be seen here (another host, a container, or hidepid): the next check notices their deaths`,
      )
    },
    repeat,
    cpuMs: () => {
      const { user, system } = process.cpuUsage()
      return (user + system) / 1000
    },
  })
  return {
    seesPids: () => lastPid !== null && !watch.isBlind,
    async read(signal) {
      watch.look()
      const reading = await client.read(signal, watch.isBlind)
      follow(reading)
      return reading
    },
    close() {
      stop.abort()
      watch.close()
    },
  }

  function follow(reading: RpcReading): void {
    if (reading.kind !== 'answered') {
      // What answers next may be another supervisord with the same pid.
      lastProcesses = null
      return
    }
    const { pid, processes } = reading.state
    // They are watched already.
    if (pid === lastPid && processes === lastProcesses) return
    lastPid = pid
    lastProcesses = processes
    watch.follow(
      pid,
      processes.filter((one) => one.pid > 0).map((one) => one.pid),
    )
  }
}
