import { cut, describeDuration, MESSAGE_LIMIT, oneLine } from '../lib/text.ts'
import { judge, type Judgement, type Rules, type Verdict } from '../rules/judge.ts'
import type { Snapshot } from '../collect/snapshot.ts'
import type { MessageContent } from '../rules/message.ts'
import { hasNews } from '../rules/restarts.ts'
import { EMPTY_STATE, type MonitorState } from '../rules/state.ts'
import { Bell } from './bell.ts'
import type { RestartOutcome } from './restart-outcome.ts'

/** What to tell Kuma. */
export interface Telling {
  readonly verdict: Verdict
  /** Once this is delivered, restarts up to this time have been told; null when it says nothing of them. */
  readonly restartsUntilMs: number | null
  /** What its message is made of, to leave out what was delivered meanwhile; null for an error of the agent. */
  readonly content: MessageContent | null
}

/** A look that was taken in, and when, in monotonic milliseconds. */
export interface Seen {
  readonly snapshot: Snapshot
  readonly atMs: number
}

/** News that come sooner after others wait: a flood of restarts must not become one of heartbeats. */
const NEWS_GAP_MS = 5_000

/** An agent that was frozen with its host has had no check either: it gets this long to finish one. */
export const DOUBT_MS = 20_000

/** One monitor of the configuration with what it remembers and what it last said. */
export class Monitor {
  readonly name: string
  /** Rings when it has something to tell at once. */
  readonly bell = new Bell()
  readonly #rules: Rules
  #memory: MonitorState
  #telling: Telling | null = null
  #seen: Seen | null = null
  /** Restarts up to this time have gone out, whether they have arrived or not. */
  #newsMs = 0
  /** When such news last went out at once. */
  #newsRangMs = -Infinity
  /** Since when a heartbeat waits for a check to finish; null when none does. */
  #doubtMs: number | null = null

  constructor(name: string, rules: Rules, memory: MonitorState = EMPTY_STATE) {
    this.name = name
    this.#rules = rules
    this.#memory = memory
  }

  get memory(): MonitorState {
    return this.#memory
  }

  /** The last look; null before the first. */
  get seen(): Seen | null {
    return this.#seen
  }

  /** Null before anything can be said. */
  get verdict(): Verdict | null {
    return this.#telling?.verdict ?? null
  }

  /**
   * Takes one look in. `changed`: there is something to tell at once, a verdict that turned, the first one, a restart, or
   * a heartbeat that waits;
   * not `settled`: look again, in `againMs` or soon.
   */
  see(
    snapshot: Snapshot,
    nowMs: number,
  ): Pick<Judgement, 'settled' | 'againMs' | 'restarts'> & { readonly changed: boolean } {
    const { verdict, content, restartsUntilMs, state, ...rest } = judge(
      snapshot,
      this.#memory,
      this.#rules,
      nowMs,
    )
    const turned = verdict !== null && verdict.status !== this.verdict?.status
    const isNews = verdict !== null && !turned && this.#isNews(state, nowMs)
    if (turned || isNews) this.#newsMs = nowMs
    if (isNews) this.#newsRangMs = nowMs
    const isAwaited = verdict !== null && this.#doubtMs !== null
    this.#doubtMs = null
    this.#memory = state
    this.#seen = { snapshot, atMs: nowMs }
    if (verdict !== null) this.#telling = { verdict, restartsUntilMs, content }
    return { changed: turned || isNews || isAwaited, ...rest }
  }

  #isNews({ programs, toldMs }: MonitorState, nowMs: number): boolean {
    return nowMs - this.#newsRangMs >= NEWS_GAP_MS && hasNews(programs, Math.max(toldMs, this.#newsMs))
  }

  /** Takes in what became of a restart that a look asked for. */
  restarted(program: string, outcome: RestartOutcome, nowMs: number): void {
    const { ownRestarts } = this.#memory
    const begun = ownRestarts.get(program)
    if (begun === undefined) return
    const isFailed = outcome.kind === 'failed'
    const ended = {
      endedMs: nowMs,
      failure: isFailed ? outcome.why : null,
      leftStopped: isFailed && outcome.leftStopped,
    }
    this.#memory = {
      ...this.#memory,
      ownRestarts: new Map([...ownRestarts, [program, { ...begun, ...ended }]]),
    }
  }

  /** The agent itself went wrong: that is a DOWN, never a silence. True when it was not down before. */
  fail(message: string): boolean {
    const changed = this.verdict?.status !== 'down'
    this.#telling = agentError(message)
    return changed
  }

  /** Restarts up to `untilMs` have reached Kuma and are no news any more; true when there were any. */
  told(untilMs: number): boolean {
    const { toldMs, programs, ownRestarts } = this.#memory
    if (untilMs <= toldMs) return false
    this.#memory = { ...this.#memory, toldMs: untilMs }
    const times = [
      ...[...programs.values()].flatMap(({ restarts }) => restarts.map(({ atMs }) => atMs)),
      ...[...ownRestarts.values()].map(({ backMs }) => backMs ?? Infinity),
    ]
    return times.some((ms) => ms > toldMs && ms <= untilMs)
  }

  /** Whether a heartbeat waits for a check to finish. */
  get isInDoubt(): boolean {
    return this.#doubtMs !== null
  }

  /**
   * What to tell Kuma now; null when there is nothing yet. A verdict that no check has renewed for too long is not passed
   * off as news: it is in doubt, and after `DOUBT_MS` an error.
   */
  heartbeat(nowMs: number, staleMs: number): Telling | null {
    if (this.#seen === null || nowMs - this.#seen.atMs <= staleMs) return this.#telling
    this.#doubtMs ??= nowMs
    if (nowMs - this.#doubtMs < DOUBT_MS) return null
    const age = describeDuration((nowMs - this.#seen.atMs) / 1000)
    this.#telling = agentError(`no check has finished for ${age}`)
    return this.#telling
  }
}

function agentError(message: string): Telling {
  return tellDown(cut(oneLine(`agent error: ${message}`), MESSAGE_LIMIT))
}

/** DOWN with one line of ours, which speaks of no restarts. */
export function tellDown(message: string): Telling {
  return {
    verdict: { status: 'down', message, ping: null },
    restartsUntilMs: null,
    content: null,
  }
}
