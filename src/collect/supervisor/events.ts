import type { ProcessEvent } from './log.ts'

/** The pipes that supervisord gives an event listener. */
export interface EventPipes {
  readonly input: AsyncIterable<Uint8Array>
  /** Writes to standard output, byte for byte. */
  readonly output: (text: string) => void
}

export interface SupervisorEvent {
  /** `PROCESS_STATE_EXITED`, `TICK_5`, …; newer supervisords may have names of their own. */
  readonly name: string
  /** The first 200 bytes of it, for the log. */
  readonly payload: string
}

/** The input is not supervisord's event-listener protocol. */
export class NotEventsError extends Error {
  override name = 'NotEventsError'
}

const READY = 'READY\n'
const ACCEPTED = 'RESULT 2\nOK'

/**
 * Takes supervisord's events, one by one, until it closes the pipe. Acknowledges each before anything is done about it:
 * supervisord keeps only a few for a listener that is busy.
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

/** A header is about 120 bytes, with the names that people give to supervisord and the pool. */
const MAX_LINE_BYTES = 8 * 1024
/** So many bytes without an event between them are not the rest of a payload. */
const MAX_SKIPPED_BYTES = 1024 * 1024
const KEPT_BYTES = 200
const LF = 10
const EMPTY = Buffer.alloc(0)

/** The last of each in a line, which may begin with the rest of a payload. */
const NAME = /^(?:[^]* )?eventname:(?<name>\S+)/
const LENGTH = /^(?:[^]* )?len:(?<length>\d{1,15})(?= |$)/

/**
 * Parses the event-listener protocol, however it was cut into pieces: header lines, each with a payload.
 *
 * supervisord 3 gives the payload's length in bytes, supervisord 4 in characters. So with a name beyond ASCII the end of
 * the payload stands before the next header: whatever is no header is passed over.
 * @see http://supervisord.org/events.html#event-listener-notification-protocol
 */
export class EventStream {
  #line = Buffer.alloc(0)
  #begun: { readonly name: string; left: number; kept: Buffer } | null = null
  #skipped = 0

  /** True when an event has come without its end. */
  get isInEvent(): boolean {
    return this.#begun !== null
  }

  /**
   * Returns the events that this piece completes.
   * @throws {NotEventsError}
   */
  take(piece: Uint8Array): SupervisorEvent[] {
    const events: SupervisorEvent[] = []
    let rest = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)
    while (rest.length > 0) {
      rest = this.#begun === null ? this.#takeLine(rest) : this.#takePayload(rest)
      if (this.#begun?.left !== 0) continue
      const { name, kept } = this.#begun
      events.push({ name, payload: kept.toString('utf8') })
      this.#begun = null
      this.#skipped = 0
    }
    return events
  }

  #takeLine(rest: Buffer): Buffer {
    const end = rest.indexOf(LF)
    const part = end === -1 ? rest : rest.subarray(0, end)
    const whole = Buffer.concat([this.#line, part])
    // Its end may be a header still.
    this.#line = whole.subarray(-MAX_LINE_BYTES)
    this.#skip(whole.length - this.#line.length)
    if (end === -1) return EMPTY
    const line = this.#line.toString('utf8')
    const name = NAME.exec(line)?.groups?.['name']
    const length = LENGTH.exec(line)?.groups?.['length']
    if (name === undefined || length === undefined) this.#skip(this.#line.length + 1)
    else this.#begun = { name, left: Number(length), kept: EMPTY }
    this.#line = EMPTY
    return rest.subarray(end + 1)
  }

  #takePayload(rest: Buffer): Buffer {
    const begun = this.#begun
    if (begun === null) return rest
    const part = rest.subarray(0, begun.left)
    begun.left -= part.length
    begun.kept = Buffer.concat([begun.kept, part.subarray(0, KEPT_BYTES - begun.kept.length)])
    return rest.subarray(part.length)
  }

  #skip(bytes: number): void {
    this.#skipped += bytes
    if (this.#skipped <= MAX_SKIPPED_BYTES) return
    throw new NotEventsError(
      `standard input is no stream of supervisord's events: ${this.#skipped} bytes without one header line`,
    )
  }
}

/**
 * Returns what an event tells of a process; nothing for another event. A process that entered RUNNING was spawned before.
 * @see http://supervisord.org/events.html#process-state-event-type
 */
export function parseProcessEvent({ name: event, payload }: SupervisorEvent): ProcessEvent[] {
  const get = (key: string): string | undefined => new RegExp(`(?:^| )${key}:(\\S+)`).exec(payload)?.[1]
  const [name, group] = [get('processname'), get('groupname')]
  if (name === undefined || group === undefined) return []
  switch (event) {
    case 'PROCESS_STATE_RUNNING':
      return [
        { name, group, kind: 'spawned', pid: Number(get('pid')) },
        { name, group, kind: 'running' },
      ]
    case 'PROCESS_STATE_STOPPED':
      return [{ name, group, kind: 'stopped' }]
    case 'PROCESS_STATE_EXITED':
      return [{ name, group, kind: 'exited', expected: get('expected') === '1', why: 'unexpected exit' }]
    default:
      return []
  }
}
