import { isSupervisord } from './is-supervisord.ts'
import { readChildren } from './read-children.ts'
import { readProcessStat, type ProcessStat } from './process-stat.ts'

/**
 * Notices the death of supervisord's programs by their pids, which supervisord itself may not look at for a second, and
 * that one was started.
 */
export interface PidWatch {
  /** Whether supervisord's processes turned out not to be this host's, or not to be seen. */
  readonly isBlind: boolean
  /**
   * Watches these from now on, and no others.
   * @param supervisorPid whose children they must be; null when it is not known
   */
  follow(supervisorPid: number | null, pids: readonly number[]): void
  /** Watches until aborted. */
  run(signal: AbortSignal): Promise<void>
}

interface PidWatchOptions {
  /** Called when one or more of them have died since the last look; once for each death. */
  readonly onDeath: () => void
  /** Called when supervisord has children that it did not report; once for each child. */
  readonly onBirth: () => void
  /** Called when the pids turn out not to be this host's, or not to be seen; once for each supervisord. */
  readonly onBlind: () => void
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>
  /** Milliseconds of CPU that this process has used. */
  readonly cpuMs: () => number
  /** `/proc` but in tests. */
  readonly procDir?: string
}

const EVERY_MS = 200
/** Of one core; with many programs they are looked at less often. */
const CPU_SHARE = 0.005
/** How much the last sweep counts: one alone may be off. */
const SMOOTHING = 0.2

/** Null for one that is known to be dead, so that it is told once. */
type Watched = Map<number, ProcessStat['started'] | null>

export function createPidWatch(options: PidWatchOptions): PidWatch {
  const { onDeath, onBirth, onBlind, sleep, cpuMs, procDir = '/proc' } = options
  let watched: Watched = new Map()
  let supervisor: { readonly pid: number; readonly isSeen: boolean } | null = null
  /** Its children that it did not report and that were told. */
  let told: ReadonlySet<number> = new Set()
  let costMs = 0

  const meet = (pid: number): boolean => {
    if (supervisor?.pid !== pid) {
      supervisor = { pid, isSeen: isSupervisord(pid, procDir) }
      if (!supervisor.isSeen) onBlind()
    }
    return supervisor.isSeen
  }

  /** True when supervisord has a child that it did not report and that was not told yet. */
  const hasBorn = (): boolean => {
    if (supervisor?.isSeen !== true) return false
    const strangers = (readChildren(supervisor.pid, procDir) ?? []).filter((pid) => !watched.has(pid))
    const isBirth = strangers.some((pid) => !told.has(pid))
    told = new Set(strangers)
    return isBirth
  }

  /** True when one has died that was alive when it was last seen. */
  const sweep = (): boolean => {
    let isDeath = false
    for (const [pid, started] of watched) {
      if (started === null || isAlive(readProcessStat(pid, procDir), started)) continue
      watched.set(pid, null)
      isDeath = true
    }
    return isDeath
  }

  return {
    get isBlind() {
      return supervisor?.isSeen === false
    },

    follow(supervisorPid, pids) {
      const before = watched
      watched = new Map()
      if (supervisorPid === null || !meet(supervisorPid)) return
      let isDeath = false
      for (const pid of pids) {
        const known = before.get(pid)
        const stat = known === undefined ? readProcessStat(pid, procDir) : null
        const started = stat !== null && isChild(stat, supervisorPid) ? stat.started : null
        watched.set(pid, known === undefined ? started : known)
        if (known !== undefined || started !== null) continue
        // It died before it was ever seen; or hidepid hides it, and then the next one, too: no reason to look again.
        isDeath ||= stat !== null || !(readChildren(supervisorPid, procDir) ?? []).includes(pid)
      }
      if (isDeath) onDeath()
    },

    async run(signal) {
      while (!signal.aborted) {
        await sleep(Math.max(EVERY_MS, costMs / CPU_SHARE), signal)
        const beforeMs = cpuMs()
        if (sweep()) onDeath()
        if (hasBorn()) onBirth()
        costMs += SMOOTHING * (cpuMs() - beforeMs - costMs)
      }
    },
  }
}

function isAlive(stat: ProcessStat | null, started: string): boolean {
  return stat !== null && stat.state !== 'Z' && stat.started === started
}

function isChild({ state, parent }: ProcessStat, supervisorPid: number): boolean {
  return state !== 'Z' && parent === supervisorPid
}
