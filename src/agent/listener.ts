import {
  answerEvents,
  EventStream,
  NotEventsError,
  parseProcessEvent,
  type EventPipes,
  type SupervisorEvent,
} from '../collect/supervisor/events.ts'
import type { ProcessEvent } from '../collect/supervisor/log.ts'
import type { OwnProcess } from '../collect/supervisor/rpc-reading.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { oneLine } from '../lib/text.ts'
import type { Wake } from './wake.ts'

/** Output of programs, and the like, is no reason for a check; TICK_5 only shows that events arrive. */
const WAKES = /^(?:PROCESS_STATE|PROCESS_GROUP|SUPERVISOR_STATE_CHANGE)/
/** Some checks' worth of them, of many programs. */
const MAX_EVENTS = 1_000
/** Six times TICK_5. */
const SILENCE_MS = 30_000

/** Takes the events of a supervisord that runs the agent as its event listener. */
export class Listener {
  /** This process among those of that supervisord, and what it was told of them. */
  readonly own: OwnProcess
  readonly #pipes: EventPipes
  readonly #clock: Clock
  readonly #stream = new EventStream()
  readonly #events: ProcessEvent[] = []
  #wakes: readonly Wake[] = []
  #log: Log | null = null
  #isStopping = false
  #isOrphan = false
  #isSilent = false
  #heardMs: number

  constructor(pipes: EventPipes, own: OwnProcess, clock: Clock) {
    this.own = { ...own, events: this.#events }
    this.#pipes = pipes
    this.#clock = clock
    this.#heardMs = clock.now()
  }

  /** True once supervisord has said that it will stop. */
  get isStopping(): boolean {
    return this.#isStopping
  }

  /** True once it has gone without saying so. */
  get isOrphan(): boolean {
    return this.#isOrphan
  }

  /** From now on, every event that asks for a check notifies these, and no others. */
  connect(wakes: readonly Wake[], log: Log): void {
    this.#wakes = wakes
    this.#log = log
  }

  /**
   * Takes events until supervisord is gone.
   * @throws {NotEventsError} when what comes in is none of its events, or the end of one does not come
   */
  async run(): Promise<void> {
    const over = new AbortController()
    const answering = answerEvents(this.#pipes, this.#stream, (event) => this.#take(event))
    try {
      await Promise.race([answering, this.#watchSilence(over.signal)])
      // When it ends in order, it says so and waits for its listeners.
      this.#isOrphan = !this.#isStopping
    } finally {
      over.abort()
    }
  }

  #take({ name, payload }: SupervisorEvent): void {
    this.#heardMs = this.#clock.now()
    this.#events.push(...parseProcessEvent({ name, payload }))
    this.#events.splice(0, this.#events.length - MAX_EVENTS)
    this.#isStopping ||= name === 'SUPERVISOR_STATE_CHANGE_STOPPING'
    this.#log?.debug(oneLine(`event ${name} ${payload}`))
    if (this.#isSilent) this.#log?.info('events of supervisord arrive again')
    this.#isSilent = false
    if (WAKES.test(name)) for (const wake of this.#wakes) wake.notify()
  }

  async #watchSilence(over: AbortSignal): Promise<void> {
    while (!over.aborted) {
      const silentMs = this.#clock.now() - this.#heardMs
      if (silentMs >= SILENCE_MS) this.#noteSilence()
      await this.#clock.sleep(silentMs >= SILENCE_MS ? SILENCE_MS : SILENCE_MS - silentMs, over)
    }
  }

  #noteSilence(): void {
    if (this.#stream.isInEvent) {
      throw new NotEventsError('an event of supervisord was begun, and its end has not come for 30 s')
    }
    if (!this.#isSilent) {
      this.#log?.warn(
        'no event of supervisord for 30 s, not even TICK_5: is this its [eventlistener:…], with events=PROCESS_STATE,SUPERVISOR_STATE_CHANGE,TICK_5? Until then the agent looks by its own time alone',
      )
    }
    this.#isSilent = true
  }
}
