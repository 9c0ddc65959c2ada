import type { EventStream, SupervisorEvent } from './event-stream.ts'

/** The pipes that supervisord gives an event listener. */
export interface EventPipes {
  readonly input: AsyncIterable<Uint8Array>
  /** Writes to standard output, byte for byte. */
  readonly output: (text: string) => void
}

const READY = 'READY\n'
const ACCEPTED = 'RESULT 2\nOK'

/**
 * Takes supervisord's events, one by one, until it closes the pipe. Each is acknowledged before anything is done about
 * it: supervisord keeps only a few for a listener that is busy.
 * @param onEvent must not block
 * @throws {NotEventsError}
 * @see http://supervisord.org/events.html#event-listener-notification-protocol
 */
export async function answerEvents(
  { input, output }: EventPipes,
  stream: EventStream,
  onEvent: (event: SupervisorEvent) => void,
): Promise<void> {
  output(READY)
  for await (const piece of input) {
    for (const event of stream.take(piece)) {
      output(`${ACCEPTED}${READY}`)
      onEvent(event)
    }
  }
}
