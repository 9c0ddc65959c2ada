import { isSupervisord } from './is-supervisord.ts'
import { openChildren, type Children } from './open-children.ts'
import { readProcessStat, type ProcessStat } from './process-stat.ts'
import { takePulse, type Pulse } from './pulse.ts'

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
  /** Looks ahead of the time, since the agent is awake anyway: it need not wake up soon after for this alone. */
  look(): void
  close(): void
}

interface PidWatchOptions {
  /** Called when one or more of them have died since the last look; once for each death. */
  readonly onDeath: () => void
  /** Called when supervisord has children that it did not report; once for each child. */
  readonly onBirth: () => void
  /** Called when the pids turn out not to be this host's, or not to be seen; once for each supervisord. */
  readonly onBlind: () => void
  /** Calls again and again; anew after a restart. */
  readonly repeat: (ms: number, task: () => void) => { restart(): void; stop(): void }
  /** Milliseconds of CPU that this process has used. */
  readonly cpuMs: () => number
  /** `/proc` but in tests. */
  readonly procDir?: string
}

const EVERY_MS = 200
/** Of one core; with many programs they are looked at less often. */
const CPU_SHARE = 0.005
/** How much the last look counts: one alone may be off. */
const SMOOTHING = 0.2

/** By pid; null for one that is known to be dead, so that it is told once. */
type Watched = Map<number, Pulse | null>

export function createPidWatch(options: PidWatchOptions): PidWatch {
  const { onDeath, onBirth, onBlind, repeat, cpuMs, procDir = '/proc' } = options
  let watched: Watched = new Map()
  let supervisor: { readonly pid: number; readonly children: Children | null } | null = null
  /** What births were last looked for among. */
  let [seenPids, seenWatched]: readonly [readonly number[], Watched] = [[], watched]
  /** Children that supervisord did not report and that were told. */
  let told: ReadonlySet<number> = new Set()
  let costMs = 0
  let everyMs = EVERY_MS
  let looks: ReturnType<typeof repeat> | null = null

  /** Its children; null where they are not to be seen. */
  const meet = (pid: number): Children | null => {
    if (supervisor?.pid === pid) return supervisor.children
    supervisor?.children?.close()
    supervisor = { pid, children: isSupervisord(pid, procDir) ? openChildren(pid, procDir) : null }
    if (supervisor.children === null) onBlind()
    return supervisor.children
  }

  /** True when supervisord has a child that it did not report and that was not told yet. */
  const hasBorn = (): boolean => {
    const pids = supervisor?.children?.pids() ?? []
    if (pids === seenPids && watched === seenWatched) return false
    ;[seenPids, seenWatched] = [pids, watched]
    const strangers = pids.filter((pid) => !watched.has(pid))
    const isBirth = strangers.some((pid) => !told.has(pid))
    told = new Set(strangers)
    return isBirth
  }

  /** True when one has died that was alive when it was last seen. */
  const hasDied = (): boolean => {
    let isDeath = false
    for (const [pid, pulse] of watched) {
      if (pulse === null || pulse.isBeating()) continue
      pulse.close()
      watched.set(pid, null)
      isDeath = true
    }
    return isDeath
  }

  const look = (): void => {
    const beforeMs = cpuMs()
    if (hasDied()) onDeath()
    if (hasBorn()) onBirth()
    costMs += SMOOTHING * (cpuMs() - beforeMs - costMs)
    const nextMs = Math.max(EVERY_MS, costMs / CPU_SHARE)
    if (nextMs !== everyMs) lookEvery(nextMs)
  }

  const lookEvery = (ms: number): void => {
    looks?.stop()
    looks = repeat(ms, look)
    everyMs = ms
  }

  const follow: PidWatch['follow'] = (supervisorPid, pids) => {
    const before = watched
    const children = supervisorPid === null ? null : meet(supervisorPid)
    watched = new Map()
    let isDeath = false
    for (const pid of children === null ? [] : pids) {
      const known = before.get(pid)
      before.delete(pid)
      const stat = known === undefined ? readProcessStat(pid, procDir) : null
      const isSeen = stat !== null && isChild(stat, supervisorPid)
      const found = isSeen ? takePulse(pid, stat.started, procDir) : null
      watched.set(pid, known === undefined ? found : known)
      if (known !== undefined || isSeen) continue
      // It died before it was ever seen; or hidepid hides it, and then the next one, too: no reason to look again.
      isDeath ||= stat !== null || children?.pids().includes(pid) !== true
    }
    for (const pulse of before.values()) pulse?.close()
    if (children !== null && looks === null) lookEvery(everyMs)
    if (children === null) {
      looks?.stop()
      looks = null
    }
    if (isDeath) onDeath()
  }

  return {
    get isBlind() {
      return supervisor !== null && supervisor.children === null
    },
    follow,
    look() {
      if (looks === null) return
      look()
      looks.restart()
    },
    close() {
      follow(null, [])
      supervisor?.children?.close()
      supervisor = null
    },
  }
}

function isChild({ state, parent }: ProcessStat, supervisorPid: number | null): boolean {
  return state !== 'Z' && parent === supervisorPid
}
