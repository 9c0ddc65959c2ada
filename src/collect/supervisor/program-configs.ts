import { fullName } from '../../lib/text.ts'
import type { CallResult } from './connection.ts'
import { parseProgramConfigs, type ProcessInfo, type ProgramConfig } from './process-info.ts'

/** For so long the configurations count while nothing seems to change: when there was an answer, and when there was none. */
const REFRESH_MS = { answered: 600_000, noAnswer: 60_000 } as const
/** They are asked for again after this many times what the answer took: half a percent of supervisord's time. */
const REFRESH_FACTOR = 200
/** But never later than after this. */
const MAX_REFRESH_MS = 3_600_000
/** After a first start they are asked for again after this many times what the answer took: a twentieth of supervisord's time. */
const FIRST_START_FACTOR = 20

/**
 * The answer of `supervisor.getAllConfigInfo`, and when it has to be asked for: with a thousand programs it costs
 * supervisord seconds, and some implementations do not have it.
 *
 * It may have changed when supervisord was started (another pid), when programs were added or removed (other names), and
 * by `supervisorctl update` or `reload` under the same names. These make programs anew, and one that is new has never
 * ended: it has another `start` and no `stop`. With one that had never been started nothing shows it before its first
 * start. The rest comes to light after a while: a program that was made anew and ended before it was seen.
 *
 * `supervisorctl reread` alone changes the answer too, and programs go on with the configuration that they were made with.
 * So one that was not made anew, as far as is known, gets the longer of the times that it had and those that were read: no
 * alarm before its time.
 */
export class ProgramConfigs {
  #known: readonly ProgramConfig[] | null = null
  /** The configurations that programs were made with, by `group:name`, and the pid of the supervisord that told them. */
  #madeWith: ReadonlyMap<string, ProgramConfig> = new Map()
  #toldByPid: number | null = null
  /** The programs that were made anew since, by `group:name`. */
  readonly #madeAnew = new Set<string>()
  /** supervisord's pid and the names of the programs in the last check. */
  #seen = ''
  #starts: ReadonlyMap<string, number> = new Map()
  #isStartedFirst = false
  #hasChanged = false
  #askAgainMs = 0
  #askFirstStartsMs = 0

  /** Null where they are not known. */
  get known(): readonly ProgramConfig[] | null {
    return this.#known
  }

  /**
   * Takes in the programs of a check. Returns true when the configurations have to be asked for now.
   * @param pid of supervisord
   * @param nowMs monotonic
   */
  follow(pid: number | null, processes: readonly ProcessInfo[], nowMs: number): boolean {
    const seen = `${pid} ${processes.map(fullName).toSorted().join('\n')}`
    const isMadeAnew = this.#followStarts(processes)
    this.#hasChanged = seen !== this.#seen || isMadeAnew
    const isDue = nowMs >= this.#askAgainMs || (this.#isStartedFirst && nowMs >= this.#askFirstStartsMs)
    if (!this.#hasChanged && !isDue) return false
    this.#seen = seen
    this.#isStartedFirst = false
    return true
  }

  /** Returns true when a program that was started before was made anew. */
  #followStarts(processes: readonly ProcessInfo[]): boolean {
    const before = this.#starts
    this.#starts = new Map(processes.map((info) => [fullName(info), info.start]))
    let isMadeAnew = false
    for (const info of processes) {
      const known = before.get(fullName(info))
      if (known === 0 && info.start > 0) this.#isStartedFirst = true
      if (known === undefined || known === 0 || info.start === known || info.stop !== 0) continue
      this.#madeAnew.add(fullName(info))
      isMadeAnew = true
    }
    return isMadeAnew
  }

  /**
   * Takes the answer of the supervisord with this pid; a failure leaves what is known, as long as nothing has changed.
   * @param askedMs when it was asked for, monotonic
   */
  take(result: CallResult, pid: number | null, askedMs: number, nowMs: number): void {
    const refreshMs = result.kind === 'no-answer' ? REFRESH_MS.noAnswer : REFRESH_MS.answered
    const tookMs = nowMs - askedMs
    this.#askAgainMs = nowMs + Math.min(Math.max(refreshMs, tookMs * REFRESH_FACTOR), MAX_REFRESH_MS)
    this.#askFirstStartsMs = nowMs + tookMs * FIRST_START_FACTOR
    const read = result.kind === 'value' ? parseProgramConfigs(result.value) : null
    if (read === null) {
      if (this.#hasChanged) this.#known = null
      return
    }
    const before = pid === this.#toldByPid ? this.#madeWith : new Map<string, ProgramConfig>()
    const madeWith = new Map<string, ProgramConfig>()
    this.#known = read.map((config) => {
      const name = fullName(config)
      const own = (this.#madeAnew.has(name) ? null : before.get(name)) ?? config
      madeWith.set(name, own)
      return {
        ...config,
        startsecs: Math.max(config.startsecs, own.startsecs),
        stopwaitsecs: Math.max(config.stopwaitsecs, own.stopwaitsecs),
      }
    })
    this.#madeWith = madeWith
    this.#toldByPid = pid
    this.#madeAnew.clear()
  }
}
