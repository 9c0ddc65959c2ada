import { isSupervisord, readChildren, readProcessStat, type ProcessStat } from './processes.ts'

const EVERY_MS = 200
/** Of one core; with many programs they are read less often. */
const CPU_SHARE = 0.005
/** How much the last reading counts for the next pause: one alone may be off. */
const SMOOTHING = 0.2

/**
 * Notices by their pids that programs of a supervisord of this host have ended, which supervisord itself may not do for a
 * second, and that it has started one.
 */
export class PidWatch {
  readonly #onChange: (change: 'death' | 'start') => void
  readonly #procDir: string
  #supervisorPid: number | null = null
  #isSeen: boolean | null = null
  /** When each process was started, by its pid; null for one that is known to be dead, so that it is reported once. */
  #programs = new Map<number, string | null>()
  /** Children that supervisord did not name and that were reported. */
  #reported: ReadonlySet<number> = new Set()
  #costMs = 0
  #timer: NodeJS.Timeout | null = null

  /**
   * @param onChange called when programs have died, once for each, and when supervisord has children that it did not name
   * @param procDir `/proc` but in tests
   */
  constructor(onChange: (change: 'death' | 'start') => void, procDir = '/proc') {
    this.#onChange = onChange
    this.#procDir = procDir
  }

  /** True when supervisord's processes are those of this host, and to be seen; null before that is known. */
  get isSeen(): boolean | null {
    return this.#isSeen
  }

  /**
   * Watches these from now on, and no others.
   * @param supervisorPid whose children they must be; null when it is not known
   */
  watch(supervisorPid: number | null, pids: readonly number[]): void {
    this.#isSeen = this.#sees(supervisorPid)
    this.#supervisorPid = supervisorPid
    if (supervisorPid === null || this.#isSeen !== true) {
      this.close()
      return
    }
    const before = this.#programs
    const programs = pids.map((pid) => [pid, before.get(pid) ?? this.#startOf(pid)] as const)
    this.#programs = new Map(programs)
    const children = readChildren(supervisorPid, this.#procDir)
    // One that supervisord still has as a child is hidden (hidepid), and not dead.
    const isDead = programs.some(
      ([pid, started]) =>
        started === null &&
        !before.has(pid) &&
        (readProcessStat(pid, this.#procDir) !== null || !children.includes(pid)),
    )
    if (isDead) this.#onChange('death')
    this.#timer ??= setTimeout(() => this.#readAll(), EVERY_MS)
  }

  /** Watches nothing until `watch` is called again. */
  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#programs = new Map()
  }

  #sees(supervisorPid: number | null): boolean | null {
    if (supervisorPid === null) return null
    // One that has just ended is still the one that was seen.
    const hasEnded = readProcessStat(supervisorPid, this.#procDir) === null
    if (hasEnded && supervisorPid === this.#supervisorPid) return this.#isSeen
    return isSupervisord(supervisorPid, this.#procDir)
  }

  /** Null when it is no living child of supervisord. */
  #startOf(pid: number): string | null {
    const stat = this.#readLiving(pid)
    return stat !== null && stat.parent === this.#supervisorPid ? stat.started : null
  }

  #readLiving(pid: number): ProcessStat | null {
    const stat = readProcessStat(pid, this.#procDir)
    return stat?.state === 'Z' ? null : stat
  }

  #readAll(): void {
    const before = process.cpuUsage()
    const hasDied = this.#findDead()
    const hasStarted = this.#findStarted()
    const { user, system } = process.cpuUsage(before)
    this.#costMs += SMOOTHING * ((user + system) / 1000 - this.#costMs)
    this.#timer = setTimeout(() => this.#readAll(), Math.max(EVERY_MS, this.#costMs / CPU_SHARE))
    if (hasDied) this.#onChange('death')
    if (hasStarted) this.#onChange('start')
  }

  /** True when one has died that was alive when it was last seen. */
  #findDead(): boolean {
    let hasDied = false
    for (const [pid, started] of this.#programs) {
      if (started === null || this.#readLiving(pid)?.started === started) continue
      this.#programs.set(pid, null)
      hasDied = true
    }
    return hasDied
  }

  /** True when supervisord has a child that it did not name and that was not reported yet. */
  #findStarted(): boolean {
    const children = this.#supervisorPid === null ? [] : readChildren(this.#supervisorPid, this.#procDir)
    const unknown = children.filter((pid) => !this.#programs.has(pid))
    const isNew = unknown.some((pid) => !this.#reported.has(pid))
    this.#reported = new Set(unknown)
    return isNew
  }
}
