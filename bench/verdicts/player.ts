import type { ProcessInfo } from '../../src/collect/supervisor/process-info.ts'
import { judge, type Judgement, type Settings } from '../../src/rules/judge.ts'
import type { Snapshot } from '../../src/collect/snapshot.ts'
import { EMPTY_STATE } from '../../src/rules/state.ts'
import { selectPrograms } from '../../src/lib/glob.ts'
import { monitorSettings } from '../../test/helpers/snapshots.ts'
import { ratePeer, type Outcome } from './outcome.ts'
import { PEERS, type PeerVerdict } from './peers.ts'
import type { Phase, Scenario, Stage } from './scenario.ts'

/** A cause must be told within this time, a well one must have settled. */
const PATIENCE_MS = 45_000
const WELL_SECONDS = 2
const STAGING_LOOKS = 6

/** Plays one scenario: judges every look and keeps what was said in each phase, by us and by the peers. */
export class Player {
  readonly scenario: Scenario
  readonly outcomes: Outcome[] = []
  readonly #stage: Stage
  readonly #settings: Settings
  #state = EMPTY_STATE
  #looks = 0
  /** Of the present phase. */
  #acting: 'to do' | 'at it' | 'done' = 'to do'
  #actedMs = 0
  #isStaged = false
  /** Each DOWN message that was said, with its time since the phase began. */
  #downs = new Map<string, number>()
  #phaseMs = performance.now()
  #recovers = false
  #peers: PeerVerdict[][] = PEERS.map(() => [])
  #error: string | null = null

  constructor(scenario: Scenario, stage: Stage) {
    this.scenario = scenario
    this.#stage = stage
    this.#settings = scenario.rules?.kind === 'unit' ? scenario.rules : monitorSettings(scenario.rules)
  }

  get isOver(): boolean {
    return this.#phase === undefined
  }

  get #phase(): Phase | undefined {
    return this.scenario.phases[this.outcomes.length]
  }

  see(seen: Snapshot, nowMs: number): void {
    const phase = this.#phase
    if (phase === undefined) return
    this.#looks += 1
    const snapshot = this.scenario.distorts?.(seen, this.#looks) ?? seen
    if (this.#acting === 'to do') this.#act(phase)
    const judgement = judge(snapshot, this.#state, this.#settings, nowMs)
    this.#state = judgement.state
    const { verdict } = judgement
    // After a trouble a phase that is well begins with the recovery.
    if (verdict?.status === 'up' && this.#acting === 'done') this.#recovers = false
    this.#isStaged ||= this.#looks >= STAGING_LOOKS || !isStarting(snapshot)
    if (!this.#recovers) {
      if (verdict?.status === 'down') this.#noteDown(verdict.message, snapshot, nowMs)
      // That the stage itself is being set up is no scene of the play.
      if (this.#isStaged) this.#askPeers(snapshot)
    }
    if (this.#acting !== 'done') return
    const isLate = nowMs - this.#actedMs > PATIENCE_MS
    if (isLate || this.#error !== null || this.#isThrough(phase, judgement, nowMs))
      this.#end(phase, judgement, snapshot)
  }

  #noteDown(message: string, { rpc }: Snapshot, nowMs: number): void {
    const why = rpc.kind === 'failed' ? ` (${rpc.failure.reason}: ${rpc.failure.detail})` : ''
    const text = `${this.#shown(message)}${why}`
    if (!this.#downs.has(text)) this.#downs.set(text, nowMs - this.#phaseMs)
  }

  #act(phase: Phase): void {
    this.#acting = 'at it'
    const acted = (): void => {
      this.#acting = 'done'
      this.#actedMs = performance.now()
    }
    const failed = (error: unknown): void => {
      this.#error = `the scenario itself failed: ${String(error)}`
      acted()
    }
    if (phase.does === undefined) acted()
    else phase.does(this.#stage).then(acted, failed)
  }

  #askPeers(snapshot: Snapshot): void {
    const selected = this.#selected(snapshot)
    PEERS.forEach((peer, index) => this.#peers[index]?.push(peer.says(snapshot, selected)))
  }

  #selected({ rpc }: Snapshot): readonly ProcessInfo[] {
    if (rpc.kind !== 'answered' || this.#settings.kind === 'unit') return []
    return selectPrograms(rpc.state.processes, this.#settings).selected
  }

  #isThrough({ truth, says, forSeconds }: Phase, { verdict, settled }: Judgement, nowMs: number): boolean {
    if (verdict === null || !says.test(this.#shown(verdict.message))) return false
    if (truth === 'bad') return verdict.status === 'down'
    const isLongEnough = nowMs - this.#actedMs >= (forSeconds ?? WELL_SECONDS) * 1000
    return verdict.status === 'up' && isLongEnough && (settled || forSeconds !== undefined)
  }

  #end({ truth, says }: Phase, { verdict }: Judgement, snapshot: Snapshot): void {
    if (this.#peers.every((said) => said.length === 0)) this.#askPeers(snapshot)
    const status = verdict?.status ?? 'silent'
    const message = this.#error ?? this.#shown(verdict?.message ?? '')
    const isFalse = truth === 'well' && (this.#downs.size > 0 || status === 'down')
    const isMiss = truth === 'bad' && status !== 'down'
    const isWrong = !says.test(message) || message.length > 250
    this.outcomes.push({
      scenario: this.scenario.name,
      phase: this.outcomes.length + 1,
      truth,
      ours: isFalse ? 'false alarm' : isMiss ? 'miss' : isWrong ? 'wrong message' : 'right',
      status,
      message,
      expected: says,
      downs: [...this.#downs].map(([text, ms]) => `DOWN after ${(ms / 1000).toFixed(1)} s: ${text}`),
      peers: this.#peers.map((said) => ratePeer(truth, said)),
    })
    this.#acting = 'to do'
    this.#downs = new Map()
    this.#phaseMs = performance.now()
    this.#recovers = truth === 'bad' && this.#phase?.truth === 'well'
    this.#peers = PEERS.map(() => [])
  }

  #shown(message: string): string {
    return message
      .replaceAll(this.#stage.supervisord.socket, '{socket}')
      .replaceAll(this.#stage.supervisord.dir, '{dir}')
      .replaceAll(/127\.0\.0\.1:\d+/g, '{port}')
  }
}

function isStarting({ rpc }: Snapshot): boolean {
  return rpc.kind === 'answered' && rpc.state.processes.some(({ state }) => state === 'STARTING')
}
