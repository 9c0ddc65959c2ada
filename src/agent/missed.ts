import { cut, describeTime, isSameDay, MESSAGE_LIMIT } from '../lib/text.ts'
import type { Verdict } from '../rules/judge.ts'

/** A change of a monitor's status that Kuma does not know of. */
export interface Turn {
  readonly status: 'up' | 'down'
  /** Wall clock in milliseconds, for people. */
  readonly atMs: number
  /** The first part of the message. */
  readonly why: string
}

/** The last status that Kuma was told, and the changes since. */
export interface MissedState {
  /** Null before the first delivered heartbeat. */
  readonly toldStatus: 'up' | 'down' | null
  /** Oldest first; up and down take turns. */
  readonly turns: readonly Turn[]
  /** Times it was down that did not fit into `turns`. */
  readonly forgotten: number
}

const NOTHING: MissedState = { toldStatus: null, turns: [], forgotten: 0 }

/** Bounds the state of a monitor that flaps while Kuma is away. */
const MAX_TURNS = 12
const MAX_WHY = 80

/** Follows which changes of one monitor Kuma misses, from heartbeat to heartbeat. */
export class Missed {
  #state: MissedState
  /** As it was when the last push began. */
  #underWay: MissedState = NOTHING

  constructor(state: MissedState | null) {
    this.#state = state ?? NOTHING
  }

  get state(): MissedState {
    return this.#state
  }

  /** Takes in a verdict that is to be told. */
  note({ status, message }: Verdict, atMs: number): void {
    const { toldStatus, turns, forgotten } = this.#state
    if (status === (turns.at(-1)?.status ?? toldStatus)) return
    const why = cut(message.split(' · ')[0] ?? '', MAX_WHY)
    const all = [...turns, { status, atMs, why }]
    const kept = this.#bound(all)
    this.#state = { toldStatus, turns: kept, forgotten: forgotten + (all.length - kept.length) / 2 }
  }

  /** Returns true when Kuma knows this status; a first UP is nothing new to any Kuma. */
  isRepeat(status: 'up' | 'down'): boolean {
    const { toldStatus, turns } = this.#state
    const isFirst = toldStatus === null && turns.length === 1
    return (turns.length === 0 || isFirst) && status === (toldStatus ?? 'up')
  }

  /**
   * Begins a push: adds to its message the changes noted up to now.
   * @param nowMs wall clock
   */
  tell(message: string, nowMs: number): string {
    this.#underWay = this.#state
    return withMissed(message, this.#state, nowMs)
  }

  /** Ends a push that was accepted. Returns true when it changed what Kuma knows. */
  told(status: 'up' | 'down'): boolean {
    const { toldStatus, turns, forgotten } = this.#state
    const newest = this.#underWay.turns.at(-1)
    if (newest === undefined && toldStatus === status) return false
    this.#state = {
      toldStatus: status,
      turns: newest === undefined ? turns : turns.slice(turns.indexOf(newest) + 1),
      forgotten: forgotten - this.#underWay.forgotten,
    }
    this.#underWay = NOTHING
    return true
  }

  /** Takes in that Kuma has stored a DOWN over everything that it was told meanwhile. */
  toldLate(): void {
    const { turns, forgotten } = this.#state
    this.#state = {
      toldStatus: 'down',
      turns: turns[0]?.status === 'down' ? turns.slice(1) : turns,
      forgotten,
    }
    this.#underWay = NOTHING
  }

  /** Keeps the first and the newest: the last but one time that it was down goes, with the time after it. */
  #bound(turns: readonly Turn[]): readonly Turn[] {
    if (turns.length <= MAX_TURNS) return turns
    const index = turns.length - (turns.at(-1)?.status === 'down' ? 3 : 4)
    const pair = new Set(turns.slice(index, index + 2))
    // The push under way tells of it, and `told` looks for it.
    const newest = this.#underWay.turns.at(-1)
    if (newest !== undefined && pair.has(newest)) return turns
    return turns.filter((turn) => !pair.has(turn))
  }
}

/** A change that is told this soon is told on time. */
const ON_TIME_MS = 60_000
/** Less of a row than this says nothing. */
const MIN_ROW = 40

/**
 * Adds the changes that Kuma has missed to a message: `12 of 12 running · was down 12:03 to 12:07: celery FATAL`. Oldest
 * first; those that do not fit are counted.
 */
function withMissed(message: string, state: MissedState, nowMs: number): string {
  const rows = describeTurns(state, nowMs)
  const total = rows.length + state.forgotten
  if (total === 0) return message
  const room = MESSAGE_LIMIT - message.length - ' · '.length
  for (let count = rows.length; count > 0; count -= 1) {
    const text = `${rows.slice(0, count).join(' · ')}${more(total - count)}`
    if (text.length <= room) return `${message} · ${text}`
  }
  const suffix = more(total - 1)
  const roomForRow = room - suffix.length
  if (roomForRow >= MIN_ROW) return `${message} · ${cut(rows[0] ?? '', roomForRow)}${suffix}`
  const text = `${total} more while Kuma was away`
  return text.length <= room ? `${message} · ${text}` : message
}

function describeTurns({ toldStatus, turns }: MissedState, nowMs: number): string[] {
  // A time that it was up is news only to a Kuma that thinks it was down all along.
  const isTold = turns.map(({ status }, index) => status === 'down' || (index === 0 && toldStatus === 'down'))
  const rows = turns.slice(0, -1).flatMap((turn, index) => {
    const until = turns[index + 1]
    return isTold[index] === true && until !== undefined ? [describeSpan(turn, until, nowMs)] : []
  })
  const now = turns.at(-1)
  if (now === undefined || toldStatus === null || isTold.at(-2) === true) return rows
  return nowMs - now.atMs < ON_TIME_MS
    ? rows
    : [...rows, `${now.status} since ${describeTime(now.atMs, nowMs)}`]
}

/** Returns `was down 12:03 to 12:07: celery FATAL`, `was up at 12:03`. */
function describeSpan({ status, atMs, why }: Turn, until: Turn, nowMs: number): string {
  const from = describeTime(atMs, nowMs)
  const isSameMinute = from === describeTime(until.atMs, nowMs)
  const to = describeTime(until.atMs, isSameDay(atMs, until.atMs) ? atMs : nowMs)
  const span = isSameMinute ? `at ${from}` : `${from} to ${to}`
  return `was ${status} ${span}${status === 'down' ? `: ${why}` : ''}`
}

function more(count: number): string {
  return count > 0 ? ` (+${count} more)` : ''
}
