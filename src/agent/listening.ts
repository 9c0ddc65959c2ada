import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { answerEvents, type EventPipes } from '../collect/supervisor/events.ts'
import { EventStream, NotEventsError } from '../collect/supervisor/events.ts'
import type { OwnProcess } from '../collect/supervisor/rpc-reading.ts'
import { oneLine } from '../lib/text.ts'

/** What an agent has more that supervisord runs as an event listener. */
export interface Listening {
  readonly own: OwnProcess
  /** Rings at every event that asks for a look, until what it gives is called. */
  hear(ring: () => void, log: Log): () => void
  /** Whether supervisord has said that it will stop. */
  readonly isStopping: boolean
  /** Whether it has gone without saying so. */
  readonly isOrphan: boolean
  /**
   * Takes its events until it is gone.
   * @throws {NotEventsError} when what comes in is none of its events, or the end of one does not come
   */
  run(): Promise<void>
}

/** Output of programs, and the like, is nothing to look for; TICK_5 only shows that events arrive. */
const ASKS_FOR_LOOK = /^(?:PROCESS_STATE|PROCESS_GROUP|SUPERVISOR_STATE_CHANGE)/
/** Six times TICK_5. */
const SILENCE_MS = 30_000

export function createListening(pipes: EventPipes, own: OwnProcess, clock: Clock): Listening {
  const stream = new EventStream()
  let listener: { readonly ring: () => void; readonly log: Log } | null = null
  let isStopping = false
  let isOrphan = false
  let isSilent = false
  let heardMs = clock.now()

  const onEvent = ({ name, payload }: { name: string; payload: string }): void => {
    heardMs = clock.now()
    isStopping ||= name === 'SUPERVISOR_STATE_CHANGE_STOPPING'
    listener?.log.debug(oneLine(`event ${name} ${payload}`))
    if (isSilent) listener?.log.info('events of supervisord arrive again')
    isSilent = false
    if (ASKS_FOR_LOOK.test(name)) listener?.ring()
  }

  const watchSilence = async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      const silentMs = clock.now() - heardMs
      if (silentMs >= SILENCE_MS) {
        if (stream.isInEvent)
          throw new NotEventsError('an event of supervisord was begun, and its end has not come for 30 s')
        if (!isSilent)
          listener?.log.warn(
            'no event of supervisord for 30 s, not even TICK_5: is this its [eventlistener:…], with events=PROCESS_STATE,SUPERVISOR_STATE_CHANGE,TICK_5? Until then the agent looks by its own time alone',
          )
        isSilent = true
      }
      await clock.sleep(silentMs >= SILENCE_MS ? SILENCE_MS : SILENCE_MS - silentMs, signal)
    }
  }

  return {
    own,
    hear(ring, log) {
      listener = { ring, log }
      return () => void (listener = null)
    },
    get isStopping() {
      return isStopping
    },
    get isOrphan() {
      return isOrphan
    },
    async run() {
      const over = new AbortController()
      const answering = answerEvents(pipes, stream, onEvent)
      try {
        await Promise.race([answering, watchSilence(over.signal)])
        // When it ends in order, it says so and waits for its listeners.
        isOrphan = !isStopping
      } finally {
        over.abort()
      }
    },
  }
}
