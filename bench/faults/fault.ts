import type { AgentProcess } from '../../test/helpers/agent-process.ts'
import type { Gate } from '../../test/helpers/gate.ts'
import type { Receiver } from '../../test/helpers/receiver.ts'
import type { Cleanup } from '../../test/helpers/scripted-server.ts'
import type { Supervisord } from '../../test/helpers/supervisord.ts'

/** What one fault is tried on: everything is its own, nothing is shared with another fault. */
export interface Stage extends Cleanup {
  readonly folder: string
  /** Real, with one program, `web`. */
  readonly supervisord: Supervisord
  /** In front of supervisord's socket. */
  readonly rpcGate: Gate
  /** In Kuma's place. */
  readonly receiver: Receiver
  /** In front of it. */
  readonly gate: Gate
  /** The bundled agent; another process after `restart`. */
  agent: AgentProcess
  /** Starts the agent again as it was started before. */
  restart(): void
}

/** How the agent is started for a fault; all of it has a default. */
export interface Start {
  /** Lines under `[kuma]`; `url` by default. */
  readonly kuma?: (stage: Stage) => string
  /** Lines of `[[supervisor]]`. */
  readonly supervisor?: (stage: Stage) => string
  readonly under?: (stage: Stage) => readonly string[]
  readonly env?: (stage: Stage) => Record<string, string>
  readonly stateFile?: (stage: Stage) => string
}

export interface Fault extends Start {
  readonly name: string
  /** What was real besides the agent and supervisord, or what played its part. */
  readonly by: string
  /**
   * `delivery`: `web` is stopped during the fault, and that must reach Kuma afterwards (or meanwhile).
   * `looking`: the fault itself must be told as DOWN, with words that match.
   */
  readonly kind: 'delivery' | RegExp
  /** What the DOWN of a delivery may say beside that `web` was stopped: a fault may hide it. */
  readonly told?: RegExp
  prepare?(stage: Stage): Promise<unknown>
  begin(stage: Stage): unknown
  end(stage: Stage): unknown
}

/** A row of the table. */
export interface Outcome {
  readonly name: string
  readonly by: string
  /** The statuses that arrived and were taken, in their order, runs joined. */
  readonly pushed: string
  /** Null: nothing. */
  readonly lost: string | null
  /** From the end of the fault to the right state in Kuma; null when it got there during the fault. */
  readonly recoverySeconds: number | null
  readonly memory: readonly [before: number, after: number]
  /** What the agent's log said of it. */
  readonly says: string
}
