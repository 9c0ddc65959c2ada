// Feeds looks to the rules as the agent does, and keeps what they say.
import type { Snapshot } from '../../src/collect/snapshot.ts'
import { judge, type Judgement, type Rules, type Verdict } from '../../src/rules/judge.ts'
import { EMPTY_STATE, type MonitorState } from '../../src/rules/state.ts'

export class Observer {
  state: MonitorState = EMPTY_STATE
  nowMs = 1_000_000
  readonly #rules: Rules

  constructor(rules: Rules) {
    this.#rules = rules
  }

  /** One look, `afterSeconds` after the one before. */
  see(snapshot: Snapshot, afterSeconds = 5): Judgement {
    this.nowMs += afterSeconds * 1000
    const judgement = judge(snapshot, this.state, this.#rules, this.nowMs)
    this.state = judgement.state
    return judgement
  }

  /** Looks until the rules have made up their mind about an unchanging picture. */
  settle(snapshot: Snapshot, everySeconds = 5): Verdict {
    for (let round = 0; round < 1000; round += 1) {
      const { verdict, settled } = this.see(snapshot, everySeconds)
      if (verdict !== null && settled) return verdict
    }
    throw new Error('the rules never settled')
  }
}
