/** What Kuma, or whatever stands in its place, made of one heartbeat. */
export interface PushAnswer {
  readonly kind: PushAnswerKind
  /**
   * When the same heartbeat may be sent again: `at-once` (one time), `quick` within seconds, `slow` about twice a minute,
   * `none` not at all (the next heartbeat comes in its own time).
   */
  readonly retry: 'at-once' | 'quick' | 'slow' | 'none'
  /** What `Retry-After` asks for; null when it was not sent. */
  readonly retryAfterMs: number | null
  /** One line for people: what happened, at which Kuma, and the way out; never holds the token. */
  readonly says: string
}

export type PushAnswerKind =
  /** 200 and `{"ok":true}`: the only success. */
  | 'accepted'
  /** Something answered that is not Kuma's push API. */
  | 'not-kuma'
  /** Unknown token, or a monitor that is paused or deleted: Kuma does not tell which. */
  | 'unknown-monitor'
  | 'bad-ping'
  /** Kuma's database was busy. */
  | 'passing-error'
  /** 404 with a page: Kuma is upgrading its database, or is another program. */
  | 'migrating'
  | 'too-long'
  /** A redirect that is not followed, since the token or the status would be lost on the way. */
  | 'redirect'
  /** 401 or 403 of a proxy in front of Kuma. */
  | 'denied'
  /** 429, or a 5xx of Kuma or a proxy. */
  | 'busy'
  | 'refused'
  | 'reset'
  /** Sent, but not answered in time: Kuma may still record it. */
  | 'timeout'
  /** No connection: no route, no answer, or a proxy that does not let it through. */
  | 'unreachable'
  /** Its certificate is not trusted, or the handshake fails. */
  | 'tls'
  /** Its certificate has run out or is for another name. */
  | 'certificate'
  /** Something else than TLS at an https:// URL. */
  | 'no-tls'
  | 'dns'
  /** The proxy on the way cannot be reached: what stands behind it is not known. */
  | 'proxy'
  /** The agent itself gave up, because it stops. */
  | 'aborted'
  /** A fault of the agent itself, or no file descriptors left to it. */
  | 'agent-error'
