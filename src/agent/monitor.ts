import { describeDuration } from '../verdict/describe-duration.ts'
import { judge, type Rules, type Verdict } from '../verdict/judge.ts'
import { cut, MESSAGE_LIMIT, oneLine } from '../verdict/one-line.ts'
import type { Look } from '../verdict/look.ts'
import { EMPTY_MEMORY, type MonitorMemory } from '../verdict/memory.ts'

/** One monitor of the configuration with what it remembers and what it last said. */
export class Monitor {
  readonly name: string
  readonly #rules: Rules
  #memory: MonitorMemory
  #verdict: Verdict | null = null
  #seenMs: number | null = null

  constructor(name: string, rules: Rules, memory: MonitorMemory = EMPTY_MEMORY) {
    this.name = name
    this.#rules = rules
    this.#memory = memory
  }

  get memory(): MonitorMemory {
    return this.#memory
  }

  /** Null before anything can be said. */
  get verdict(): Verdict | null {
    return this.#verdict
  }

  /** Takes one look in. `changed` is true for the first verdict too; not `settled` means: look again soon. */
  see(look: Look, nowMs: number): { changed: boolean; settled: boolean } {
    const { verdict, settled, memory } = judge(look, this.#memory, this.#rules, nowMs)
    const changed = verdict !== null && verdict.status !== this.#verdict?.status
    this.#memory = memory
    this.#seenMs = nowMs
    this.#verdict = verdict ?? this.#verdict
    return { changed, settled }
  }

  /** The agent itself went wrong: that is a DOWN, never a silence. True when it was not down before. */
  fail(message: string): boolean {
    const changed = this.#verdict?.status !== 'down'
    this.#verdict = agentError(message)
    return changed
  }

  /** What to tell Kuma now. A verdict that no check has renewed for too long is not passed off as news. */
  heartbeat(nowMs: number, staleMs: number): Verdict | null {
    if (this.#seenMs === null || nowMs - this.#seenMs <= staleMs) return this.#verdict
    return agentError(`no check has finished for ${describeDuration((nowMs - this.#seenMs) / 1000)}`)
  }
}

function agentError(message: string): Verdict {
  return { status: 'down', message: cut(oneLine(`agent error: ${message}`), MESSAGE_LIMIT), ping: null }
}
