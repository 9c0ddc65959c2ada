import { cut } from '../lib/text.ts'
import type { Verdict } from '../rules/judge.ts'

/** A change of a monitor's status that one Kuma has not heard of. */
export interface Turn {
  readonly status: 'up' | 'down'
  /** Wall clock in milliseconds, for people. */
  readonly atMs: number
  /** What was said first, without its facts. */
  readonly why: string
}

/** What one Kuma was told about one monitor, and what it has missed since. */
export interface MissedMemory {
  /** The status of the last delivered heartbeat; null when there was none. */
  readonly toldStatus: 'up' | 'down' | null
  /** Oldest first; up and down take turns. */
  readonly turns: readonly Turn[]
  /** Times it was down that did not fit into `turns`. */
  readonly forgotten: number
}

const NOTHING: MissedMemory = { toldStatus: null, turns: [], forgotten: 0 }

/** Bounds the memory of a monitor that flaps while Kuma is away. */
const MOST_TURNS = 12
const WHY_LIMIT = 80

/** Follows what one Kuma misses about one monitor, from heartbeat to heartbeat. */
export class Missed {
  #memory: MissedMemory
  /** As it was when the last push began. */
  #underWay: MissedMemory = NOTHING

  constructor(memory: MissedMemory = NOTHING) {
    this.#memory = memory
  }

  get memory(): MissedMemory {
    return this.#memory
  }

  /** Takes in what is to be told now; true when the status is another one than before. */
  note({ status, message }: Verdict, atMs: number): boolean {
    const { toldStatus, turns, forgotten } = this.#memory
    if (status === (turns.at(-1)?.status ?? toldStatus)) return false
    const why = cut(message.split(' · ')[0] ?? '', WHY_LIMIT)
    const all = [...turns, { status, atMs, why }]
    const kept = this.#forget(all)
    this.#memory = { toldStatus, turns: kept, forgotten: forgotten + (all.length - kept.length) / 2 }
    return true
  }

  /** Whether a heartbeat brings nothing new to this Kuma; a first UP is nothing new to any. */
  isRepeat(status: 'up' | 'down'): boolean {
    const { toldStatus, turns } = this.#memory
    const isFirst = toldStatus === null && turns.length === 1
    return (turns.length === 0 || isFirst) && status === (toldStatus ?? 'up')
  }

  /** Called before each push: what has been noted up to now is told by it. */
  tell(): MissedMemory {
    this.#underWay = this.#memory
    return this.#memory
  }

  /** The last push got through; true when it told something that is to be remembered as told. */
  told(status: 'up' | 'down'): boolean {
    const { toldStatus, turns, forgotten } = this.#memory
    const newest = this.#underWay.turns.at(-1)
    if (newest === undefined && toldStatus === status) return false
    this.#memory = {
      toldStatus: status,
      turns: newest === undefined ? turns : turns.slice(turns.indexOf(newest) + 1),
      forgotten: forgotten - this.#underWay.forgotten,
    }
    this.#underWay = NOTHING
    return true
  }

  /** Keeps the first and the newest: the last but one time that it was down goes, with the time after it. */
  #forget(turns: readonly Turn[]): readonly Turn[] {
    if (turns.length <= MOST_TURNS) return turns
    const index = turns.length - (turns.at(-1)?.status === 'down' ? 3 : 4)
    const pair = new Set(turns.slice(index, index + 2))
    const newest = this.#underWay.turns.at(-1)
    if (newest !== undefined && pair.has(newest)) return turns
    return turns.filter((turn) => !pair.has(turn))
  }
}
