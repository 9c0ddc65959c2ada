/** What supervisord tells an event listener. */
export interface SupervisorEvent {
  /** `PROCESS_STATE_EXITED`, `TICK_5`, …; newer supervisords may have names of their own. */
  readonly name: string
  /** The first 200 bytes of it, for the log. */
  readonly payload: string
}

/** What comes in is not supervisord's event-listener protocol. */
export class NotEventsError extends Error {
  override name = 'NotEventsError'
}

/** A header is about 120 bytes, with the names that people give to supervisord and the pool. */
const LONGEST_LINE = 8 * 1024
/** This much without one event between is no rest of a payload: it is something else. */
const MOST_SKIPPED = 1024 * 1024
const KEPT_BYTES = 200
const LF = 10

/** The last of each in a line, which may begin with the rest of a payload. */
const NAME = /^(?:[^]* )?eventname:(?<name>\S+)/
const LENGTH = /^(?:[^]* )?len:(?<length>\d{1,15})(?= |$)/

/**
 * Takes the event-listener protocol apart, however it was cut into pieces: header lines, each with a payload.
 *
 * supervisord 3 gives the payload's length in bytes, supervisord 4 in characters. So with a name beyond ASCII the end of
 * the payload stands before the next header: whatever is no header is passed over.
 * @see http://supervisord.org/events.html#event-listener-notification-protocol
 */
export class EventStream {
  #line = Buffer.alloc(0)
  #begun: { readonly name: string; left: number; kept: Buffer } | null = null
  #skipped = 0

  /** Whether an event has come without its end. */
  get isInEvent(): boolean {
    return this.#begun !== null
  }

  /**
   * The events that this piece completes.
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
    this.#line = whole.subarray(-LONGEST_LINE)
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
    if (this.#skipped <= MOST_SKIPPED) return
    throw new NotEventsError(
      `standard input is no stream of supervisord's events: ${this.#skipped} bytes without one header line`,
    )
  }
}

const EMPTY = Buffer.alloc(0)
