/** What came in the way while Kuma was set up; decide by these, never by the text. */
export type SessionFailure =
  /** No answer that is one of Kuma's: network, proxy, another program, Kuma waiting in its own set-up. */
  | 'unreachable'
  /** Kuma has no user yet. */
  | 'no-user'
  /** Kuma did not take user and password, or the code. */
  | 'login'
  | 'version'
  /** Kuma refused what it was asked for, in its own words. */
  | 'refused'
  /** The connection ended midway, or Kuma did not answer in time. */
  | 'lost'
  | 'aborted'

export const NOTHING_ENTERED = 'nothing was entered, and nothing was changed'

/** A set-up of Kuma that cannot go on; the message is one line with the way out. */
export class SessionError extends Error {
  override name = 'SessionError'
  readonly failure: SessionFailure

  constructor(failure: SessionFailure, message: string) {
    super(message)
    this.failure = failure
  }
}
