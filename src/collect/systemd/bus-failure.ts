/** Why the bus gave no answer; decide by these, never by the text. */
export type BusFailureCode =
  /** The address is one this program cannot use. */
  | 'address'
  /** No such socket file. */
  | 'no-socket'
  /** EACCES or EPERM on the socket file. */
  | 'permission'
  /** ECONNREFUSED: a socket file nobody listens on. */
  | 'refused'
  /** The bus does not accept this user's login. */
  | 'login'
  /** The connection ended before the answer. */
  | 'closed'
  /** The peer does not speak D-Bus. */
  | 'garbage'
  | 'timeout'
  /** The caller's signal. */
  | 'aborted'
  /** An answer, but an error: see `errorName`. */
  | 'error-reply'
  | 'other'

/** No answer from the bus; the message is one line. */
export class BusFailure extends Error {
  override name = 'BusFailure'
  readonly code: BusFailureCode
  /** D-Bus's name of the error, as `org.freedesktop.DBus.Error.AccessDenied`, of an `error-reply`; else null. */
  readonly errorName: string | null

  constructor(code: BusFailureCode, message: string, options: { errorName?: string; cause?: unknown } = {}) {
    super(oneLine(message), { cause: options.cause })
    this.code = code
    this.errorName = options.errorName ?? null
  }
}

/** What a peer sent may hold anything, and be of any length. */
function oneLine(text: string): string {
  const plain = text.replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim()
  return plain.length > 300 ? `${plain.slice(0, 299).replace(/[\uD800-\uDBFF]$/, '')}…` : plain
}
