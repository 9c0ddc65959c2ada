import type { Clock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import type { SupervisorClient } from './client.ts'
import { parseProcessInfos, type ProcessState } from './process-info.ts'

export type RestartOutcome =
  | { readonly kind: 'restarted' }
  | {
      readonly kind: 'failed'
      /** Half a sentence, of one line. */
      readonly why: string
      /** True when it may have been stopped, and so has to be started. */
      readonly leftStopped: boolean
    }

interface RestartOrder {
  /** `group:name` */
  readonly program: string
  /** `start` only starts it. */
  readonly task: 'restart' | 'start'
}

/** The parts of the running agent that a restart needs. */
interface Surroundings {
  readonly clock: Clock
  readonly log: Log
  /**
   * Has a stop of the process wait until the function that it returns is called; null where no stop was asked for, as when
   * another configuration is loaded.
   */
  readonly holdStop: () => (() => void) | null
}

const ASK_EVERY_MS = 200

const ENDED: ReadonlySet<ProcessState | null> = new Set(['STOPPED', 'EXITED', 'FATAL', 'BACKOFF'])
const STARTED: ReadonlySet<ProcessState | null> = new Set(['STARTING', 'RUNNING'])

const INTERRUPTED = 'cut short by a stop or reload of the agent, which starts it when it runs again'

/** Restarts the programs of one supervisord. */
export class ProgramRestarter {
  readonly #client: Pick<SupervisorClient, 'call'>
  readonly #agent: Surroundings

  constructor(client: Pick<SupervisorClient, 'call'>, agent: Surroundings) {
    this.#client = client
    this.#agent = agent
  }

  /**
   * Stops a program, waits until it has ended, and starts it again. No call waits for the program, so that the connection
   * stays free; a start while it is still stopping would be answered with true and do nothing.
   * @param stopWithinMs how long its stop may take
   * @param ending aborted when the agent is to end; see {@link RestartDeadline}
   */
  async restart(
    { program, task }: RestartOrder,
    stopWithinMs: number,
    ending: AbortSignal,
  ): Promise<RestartOutcome> {
    const deadline = new RestartDeadline(ending, program, this.#agent)
    try {
      const failure = task === 'start' ? null : await this.#stop(program, stopWithinMs, deadline)
      return failure ?? (await this.#start(program, deadline.signal))
    } finally {
      deadline.close()
    }
  }

  /** Returns null once the program has ended. */
  async #stop(
    program: string,
    stopWithinMs: number,
    deadline: RestartDeadline,
  ): Promise<RestartOutcome | null> {
    const { clock } = this.#agent
    const { signal } = deadline
    const stop = await this.#client.call('supervisor.stopProcess', [program, false], signal)
    // Without an answer it may have been stopped all the same.
    const leftStopped = stop.kind === 'value' || stop.failure.reason !== 'fault'
    const untilMs = clock.now() + stopWithinMs
    for (;;) {
      const state = await this.#readState(program, signal)
      if (ENDED.has(state)) return null
      if (state === 'STOPPING') deadline.noteStopping()
      if (stop.kind === 'failed') return { kind: 'failed', why: stop.failure.detail, leftStopped }
      if (signal.aborted) return { kind: 'failed', why: INTERRUPTED, leftStopped }
      if (clock.now() >= untilMs) {
        return { kind: 'failed', why: `it has not stopped within ${stopWithinMs / 1000} s`, leftStopped }
      }
      await clock.sleep(ASK_EVERY_MS, signal)
    }
  }

  async #start(program: string, signal: AbortSignal): Promise<RestartOutcome> {
    const start = await this.#client.call('supervisor.startProcess', [program, false], signal)
    // Somebody else may have started it, and then supervisord refuses.
    if (start.kind === 'value' || STARTED.has(await this.#readState(program, signal))) {
      return { kind: 'restarted' }
    }
    return { kind: 'failed', why: start.failure.detail, leftStopped: true }
  }

  /** Returns null when supervisord does not say. */
  async #readState(program: string, signal: AbortSignal): Promise<ProcessState | null> {
    const info = await this.#client.call('supervisor.getProcessInfo', [program], signal)
    const processes = info.kind === 'value' ? parseProcessInfos([info.value]) : { wrong: '' }
    return 'wrong' in processes ? null : (processes[0]?.state ?? null)
  }
}

/** An agent that is to end leaves no program stopped that ends within this time. */
const FINISH_MS = 1_500
/**
 * Nor one that needs longer, as long as supervisord goes on to say that it is stopping: so many times that. With the default
 * of `stopwaitsecs`, 10 s, every program has ended by then; the unit's `TimeoutStopSec` is longer.
 */
const MAX_TIMES = 10

/**
 * Decides when a restart is given up because the agent is to end. An agent with another configuration goes on at once, and
 * sees to the program by that: only a stop of the process is worth a longer wait.
 */
export class RestartDeadline {
  readonly #ending: AbortSignal
  readonly #program: string
  readonly #agent: Surroundings
  readonly #late = new AbortController()
  readonly #onEnding = (): void => void this.#finish()
  #stoppingCount = 0

  constructor(ending: AbortSignal, program: string, agent: Surroundings) {
    this.#ending = ending
    this.#program = program
    this.#agent = agent
    if (ending.aborted) this.#onEnding()
    else ending.addEventListener('abort', this.#onEnding, { once: true })
  }

  /** Aborted when the restart is to be given up. */
  get signal(): AbortSignal {
    return this.#late.signal
  }

  /** Notes that supervisord says that the program is stopping still. */
  noteStopping(): void {
    this.#stoppingCount += 1
  }

  /** The restart has ended. */
  close(): void {
    this.#ending.removeEventListener('abort', this.#onEnding)
    this.#late.abort()
  }

  async #finish(): Promise<void> {
    const { clock, log, holdStop } = this.#agent
    const release = holdStop()
    for (let times = 1; times <= MAX_TIMES; times += 1) {
      const before = this.#stoppingCount
      await clock.sleep(FINISH_MS, this.signal)
      if (this.signal.aborted || release === null || this.#stoppingCount === before) break
      if (times === 1) log.info(describeWait(this.#program))
    }
    this.#late.abort()
    release?.()
  }
}

function describeWait(program: string): string {
  const atMostSeconds = ((MAX_TIMES - 1) * FINISH_MS) / 1000
  return `ending once ${program} has stopped and is started again, or after ${atMostSeconds} s; a second signal ends the agent at once`
}
