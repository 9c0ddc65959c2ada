// Feeds snapshots to the rules as the agent does, and keeps what they say.
import type { Snapshot } from '../../src/collect/snapshot.ts'
import { judge, type Judgement, type Settings, type Verdict } from '../../src/rules/judge.ts'
import { EMPTY_STATE, type MonitorState } from '../../src/rules/state.ts'
import { healthy, monitorSettings } from './snapshots.ts'

export class Observer {
  state: MonitorState = EMPTY_STATE
  nowMs = 1_000_000
  readonly #settings: Settings

  constructor(settings: Settings) {
    this.#settings = settings
  }

  /** One check, `afterSeconds` after the one before. */
  see(snapshot: Snapshot, afterSeconds = 5): Judgement {
    this.nowMs += afterSeconds * 1000
    const judgement = judge(snapshot, this.state, this.#settings, this.nowMs)
    this.state = judgement.state
    return judgement
  }

  /** Checks until the rules have made up their mind about an unchanging picture. */
  settle(snapshot: Snapshot, everySeconds = 5): Verdict {
    for (let round = 0; round < 1000; round += 1) {
      const { verdict, settled } = this.see(snapshot, everySeconds)
      if (verdict !== null && settled) return verdict
    }
    throw new Error('the rules never settled')
  }
}

/** How many equal snapshots, `everySeconds` apart, pass before the first DOWN; null when it never comes. */
export function checksUntilDown(
  seen: Snapshot,
  { everySeconds = 5, before = healthy('web', 'celery:w1') } = {},
): number | null {
  const observer = new Observer(monitorSettings())
  observer.settle(before)
  for (let count = 1; count <= 100; count += 1) {
    if (observer.see(seen, everySeconds).verdict?.status === 'down') return count
  }
  return null
}
