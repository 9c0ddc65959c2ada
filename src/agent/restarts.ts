import { messageOf } from '../lib/errors.ts'
import type { Log } from '../lib/log.ts'
import type { RestartOrder } from '../rules/own-restarts.ts'
import type { Clock } from '../lib/clock.ts'
import type { Monitor } from './monitor.ts'
import type { RestartOutcome } from './restart-outcome.ts'

/** The port to whoever restarts programs; it has a deadline of its own and does not throw. */
export type RestartProgram = (
  order: RestartOrder,
  /** How long its stop may take. */
  stopWithinMs: number,
  signal: AbortSignal,
) => Promise<RestartOutcome>

interface RestartsOptions {
  readonly clock: Clock
  readonly log: Log
  /** Called when the monitor remembers a restart as begun, so that nothing is lost if the agent ends now. */
  readonly onBegin: (monitor: Monitor) => void
  /** Called when it remembers what became of it: time to look again. */
  readonly onEnd: (monitor: Monitor) => void
}

/** The restarts that are under way at one supervisord: beside the looks, and never two of one program. */
export class Restarts {
  readonly #restart: RestartProgram
  readonly #options: RestartsOptions
  readonly #underWay = new Map<string, Promise<RestartOutcome>>()
  readonly #failures = new Map<string, string>()
  #endedCount = 0

  constructor(restart: RestartProgram, options: RestartsOptions) {
    this.#restart = restart
    this.#options = options
  }

  /** Begins what a look of the monitor asked for; does not block. */
  begin(monitor: Monitor, orders: readonly RestartOrder[], signal: AbortSignal): void {
    for (const order of orders) {
      const underWay = this.#underWay.get(order.program)
      if (underWay !== undefined && order.task === 'start') continue
      const restart = underWay ?? this.#start(monitor, order, signal)
      this.#underWay.set(order.program, restart)
      this.#options.onBegin(monitor)
      void this.#follow(monitor, order.program, restart)
    }
  }

  /** How many have ended so far. */
  get endedCount(): number {
    return this.#endedCount
  }

  /** Resolves when nothing is under way. */
  async ended(): Promise<void> {
    await Promise.all(this.#underWay.values())
  }

  async #follow(monitor: Monitor, program: string, restart: Promise<RestartOutcome>): Promise<void> {
    const outcome = await restart
    this.#underWay.delete(program)
    this.#endedCount += 1
    monitor.restarted(program, outcome, this.#options.clock.now())
    this.#options.onEnd(monitor)
  }

  async #start(monitor: Monitor, order: RestartOrder, signal: AbortSignal): Promise<RestartOutcome> {
    const { log } = this.#options
    const { program, why } = order
    const stopWithinMs = monitor.memory.shutdownSeconds * 1000 + LATENESS_MS
    if (order.task === 'restart') log.info(`${monitor.name}: restarting ${program}: ${why}`)
    const outcome = await this.#restart(order, stopWithinMs, signal).catch(asOutcome)
    if (outcome.kind === 'restarted') {
      this.#failures.delete(program)
      log.info(`${monitor.name}: ${program} was restarted`)
    } else if (this.#failures.get(program) !== outcome.why) {
      this.#failures.set(program, outcome.why)
      log.warn(`${monitor.name}: restarting ${program} failed: ${outcome.why}`)
    }
    return outcome
  }
}

// supervisord looks at its programs once a second, and so may be late by that much.
const LATENESS_MS = 2_000

/** A mistake of ours must be told too, and must not end the agent. */
function asOutcome(error: unknown): RestartOutcome {
  return { kind: 'failed', why: `agent error: ${messageOf(error)}`, leftStopped: true }
}
