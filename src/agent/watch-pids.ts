import type { Log } from '../lib/log.ts'
import { createPidWatch } from '../collect/pid-watch.ts'
import type { ProcessInfo } from '../collect/supervisor/process-info.ts'
import type { RpcReading } from '../collect/supervisor/rpc-reading.ts'
import type { SupervisorDoor } from './open-supervisor.ts'
import { repeat } from './repeat.ts'
import type { Wake } from './wake.ts'

interface PidsOptions {
  readonly name: string
  readonly door: SupervisorDoor
  readonly wake: Wake
  readonly log: Log
}

/** A door with an eye on the processes that it reports. */
export interface WatchedDoor extends SupervisorDoor {
  /** Whether they can be seen: then a death is noticed at once, else at the next check. */
  readonly seesPids: () => boolean
}

/**
 * The door, with an eye on the processes that it reports: when one dies, supervisord is woken, and once it is,
 * the target is, too; when one is started, the target is woken. Where they are not to be seen, supervisord is woken
 * before each look: what it says would else be up to a second old.
 */
export function watchPids(options: PidsOptions): WatchedDoor {
  const { name, door, wake, log } = options
  const stop = new AbortController()
  let lastPid: number | null = null
  let lastProcesses: readonly ProcessInfo[] | null = null
  const watch = createPidWatch({
    onDeath: () => void door.wake(stop.signal).then(() => wake.notify()),
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
    ...door,
    seesPids: () => lastPid !== null && !watch.isBlind,
    async read(signal) {
      watch.look()
      const reading = await door.read(signal, watch.isBlind)
      follow(reading)
      return reading
    },
    async close() {
      stop.abort()
      watch.close()
      await door.close()
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
