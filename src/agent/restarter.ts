import type { Clock } from '../lib/clock.ts'
import { messageOf } from '../lib/errors.ts'
import type { Log } from '../lib/log.ts'
import type { ProgramRestarter, RestartOutcome } from '../collect/supervisor/restart.ts'
import type { RestartOrder } from '../rules/own-restarts.ts'
import type { Monitor } from './monitor.ts'
import type { StateFile } from './state.ts'
import type { Wake } from './wake.ts'

/** supervisord looks at its programs once a second, and so may be late by that much. */
const LATENESS_MS = 2_000

/** The restarts that are under way at one supervisord: beside the checks, and never two of one program. */
export class Restarter {
  readonly #programs: Pick<ProgramRestarter, 'restart'>
  readonly #wake: Wake
  readonly #clock: Clock
  readonly #log: Log
  readonly #stateFile: Pick<StateFile, 'saveSoon'> | null
  readonly #underWay = new Map<string, Promise<RestartOutcome>>()
  /** Why the last restart of a program failed; logged once. */
  readonly #failures = new Map<string, string>()
  #endedCount = 0

  /**
   * @param wake notified when a restart has ended: time to check again
   * @param stateFile saved when one begins and ends, so that nothing is lost if the agent ends; null for who saves at its end
   */
  constructor(
    programs: Pick<ProgramRestarter, 'restart'>,
    wake: Wake,
    clock: Clock,
    log: Log,
    stateFile: Pick<StateFile, 'saveSoon'> | null,
  ) {
    this.#programs = programs
    this.#wake = wake
    this.#clock = clock
    this.#log = log
    this.#stateFile = stateFile
  }

  /** How many have ended so far. */
  get endedCount(): number {
    return this.#endedCount
  }

  /** Begins the restarts that a check of the monitor asked for; does not block. */
  begin(monitor: Monitor, orders: readonly RestartOrder[], signal: AbortSignal): void {
    for (const order of orders) {
      const underWay = this.#underWay.get(order.program)
      if (underWay !== undefined && order.task === 'start') continue
      const restart = underWay ?? this.#restart(monitor, order, signal)
      this.#underWay.set(order.program, restart)
      this.#stateFile?.saveSoon()
      void this.#finish(monitor, order.program, restart)
    }
  }

  /** Resolves when nothing is under way. */
  async ended(): Promise<void> {
    await Promise.all(this.#underWay.values())
  }

  async #restart(monitor: Monitor, order: RestartOrder, signal: AbortSignal): Promise<RestartOutcome> {
    const { program, why } = order
    const stopWithinMs = monitor.state.shutdownSeconds * 1000 + LATENESS_MS
    if (order.task === 'restart') this.#log.info(`${monitor.name}: restarting ${program}: ${why}`)
    const outcome = await this.#programs.restart(order, stopWithinMs, signal).catch(asOutcome)
    if (outcome.kind === 'restarted') {
      this.#failures.delete(program)
      this.#log.info(`${monitor.name}: ${program} was restarted`)
    } else if (this.#failures.get(program) !== outcome.why) {
      this.#failures.set(program, outcome.why)
      this.#log.warn(`${monitor.name}: restarting ${program} failed: ${outcome.why}`)
    }
    return outcome
  }

  async #finish(monitor: Monitor, program: string, restart: Promise<RestartOutcome>): Promise<void> {
    const outcome = await restart
    this.#underWay.delete(program)
    this.#endedCount += 1
    monitor.restarted(program, outcome, this.#clock.now())
    this.#stateFile?.saveSoon()
    this.#wake.notify()
  }
}

/** An exception here is told too, and does not end the agent. */
function asOutcome(error: unknown): RestartOutcome {
  return { kind: 'failed', why: `agent error: ${messageOf(error)}`, leftStopped: true }
}
