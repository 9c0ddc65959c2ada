// Feeds looks to the rules as the agent does, and keeps what they say.
import type { Look } from '../../src/collect/look.ts'
import { judge, type Judgement, type Rules, type Verdict } from '../../src/rules/judge.ts'
import { EMPTY_MEMORY, type MonitorMemory } from '../../src/rules/memory.ts'

export class Observer {
  memory: MonitorMemory = EMPTY_MEMORY
  nowMs = 1_000_000
  readonly #rules: Rules

  constructor(rules: Rules) {
    this.#rules = rules
  }

  /** One look, `afterSeconds` after the one before. */
  see(look: Look, afterSeconds = 5): Judgement {
    this.nowMs += afterSeconds * 1000
    const judgement = judge(look, this.memory, this.#rules, this.nowMs)
    this.memory = judgement.memory
    return judgement
  }

  /** Looks until the rules have made up their mind about an unchanging picture. */
  settle(look: Look, everySeconds = 5): Verdict {
    for (let round = 0; round < 1000; round += 1) {
      const { verdict, settled } = this.see(look, everySeconds)
      if (verdict !== null && settled) return verdict
    }
    throw new Error('the rules never settled')
  }
}
