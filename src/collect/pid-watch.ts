import { watchActivity, type Activity } from './activity.ts'
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

/**
 * So many looks in a row are left out while supervisord does not run. It wakes up once a second by itself; one that is
 * stopped takes no notice of a child's end.
 */
const MOST_RESTS = 4

/** A supervisord that is followed. */
interface Supervisor {
  readonly pid: number
  /** As in its stat: another one may get its pid. Null when that cannot be read. */
  readonly started: string | null
  /** Null where it is not to be seen. */
  readonly sight: Sight | null
}

/** What is to be seen of a supervisord of this host. */
interface Sight {
  readonly children: Children
  readonly activity: Activity
}

/** By pid; null for one that is known to be dead, so that it is told once. */
type Watched = Map<number, Pulse | null>

export function createPidWatch(options: PidWatchOptions): PidWatch {
  const { onDeath, onBirth, onBlind, repeat, cpuMs, procDir = '/proc' } = options
  let watched: Watched = new Map()
  let supervisor: Supervisor | null = null
  /** What births were last looked for among. */
  let [seenPids, seenWatched]: readonly [readonly number[], Watched] = [[], watched]
  /** Children that supervisord did not report and that were told. */
  let told: ReadonlySet<number> = new Set()
  let rests = 0
  let costMs = 0
  let everyMs = EVERY_MS
  let looks: ReturnType<typeof repeat> | null = null

  /** Null where it is not to be seen. */
  const meet = (pid: number): Sight | null => {
    const started = readProcessStat(pid, procDir)?.started ?? null
    // One that has just ended is still the one that was seen.
    if (supervisor?.pid === pid && (started === null || started === supervisor.started))
      return supervisor.sight
    leave()
    supervisor = { pid, started, sight: isSupervisord(pid, procDir) ? openSight(pid, procDir) : null }
    if (supervisor.sight === null) onBlind()
    return supervisor.sight
  }

  /** What has the pid of one of its programs from now on is another process. */
  const leave = (): void => {
    for (const pulse of watched.values()) pulse?.close()
    watched = new Map()
    supervisor?.sight?.children.close()
    supervisor?.sight?.activity.close()
    supervisor = null
  }

  /** True when supervisord has a child that it did not report and that was not told yet. */
  const hasBorn = (): boolean => {
    const pids = supervisor?.sight?.children.pids() ?? []
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

  /** Milliseconds of CPU that it took. */
  const lookAtAll = (): number => {
    const beforeMs = cpuMs()
    if (hasDied()) onDeath()
    if (hasBorn()) onBirth()
    return cpuMs() - beforeMs
  }

  const look = (): void => {
    rests = supervisor?.sight?.activity.hasRun() === false && rests < MOST_RESTS ? rests + 1 : 0
    const tookMs = rests > 0 ? 0 : lookAtAll()
    costMs += SMOOTHING * (tookMs - costMs)
    const nextMs = Math.max(EVERY_MS, costMs / CPU_SHARE)
    if (nextMs !== everyMs) lookEvery(nextMs)
  }

  const lookEvery = (ms: number): void => {
    looks?.stop()
    looks = repeat(ms, look)
    everyMs = ms
  }

  const follow: PidWatch['follow'] = (supervisorPid, pids) => {
    const sight = supervisorPid === null ? null : meet(supervisorPid)
    const before = watched
    watched = new Map()
    let isDeath = false
    for (const pid of sight === null ? [] : pids) {
      // Else it would be taken for a second one.
      if (watched.has(pid)) continue
      const known = before.get(pid)
      before.delete(pid)
      const stat = known === undefined ? readProcessStat(pid, procDir) : null
      const isSeen = stat !== null && isChild(stat, supervisorPid)
      const found = isSeen ? takePulse(pid, stat.started, procDir) : null
      watched.set(pid, known === undefined ? found : known)
      if (known !== undefined || isSeen) continue
      // It died before it was ever seen; or hidepid hides it, and then the next one, too: no reason to look again.
      isDeath ||= stat !== null || sight?.children.pids().includes(pid) !== true
    }
    for (const pulse of before.values()) pulse?.close()
    if (sight !== null && looks === null) lookEvery(everyMs)
    if (sight === null) {
      looks?.stop()
      looks = null
    }
    // What has changed may not be what was looked at.
    rests = MOST_RESTS
    if (isDeath) onDeath()
  }

  return {
    get isBlind() {
      return supervisor?.sight === null
    },
    follow,
    look() {
      if (looks === null) return
      look()
      looks.restart()
    },
    close() {
      follow(null, [])
      leave()
    },
  }
}

function openSight(pid: number, procDir: string): Sight {
  return { children: openChildren(pid, procDir), activity: watchActivity(pid, procDir) }
}

function isChild({ state, parent }: ProcessStat, supervisorPid: number | null): boolean {
  return state !== 'Z' && parent === supervisorPid
}
