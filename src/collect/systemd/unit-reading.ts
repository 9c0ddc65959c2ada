/**
 * What systemd says of one unit, in systemd's own words.
 * @see https://www.freedesktop.org/software/systemd/man/latest/org.freedesktop.systemd1.html
 */
export interface UnitState {
  /** The unit's `Id`: an alias is resolved. */
  readonly name: string
  /** `loaded`, `not-found`, `masked`, `error`, … */
  readonly loadState: string
  /** `active`, `reloading`, `inactive`, `failed`, `activating`, `deactivating`, … */
  readonly activeState: string
  /** An open set: `running`, `dead`, `auto-restart`, … */
  readonly subState: string
  /** The job that is queued or under way: `start`, `restart`, `stop`, …; empty when there is none. */
  readonly jobType: string
  /** How it ended: `success`, `exit-code`, `signal`, `timeout`, …; empty while it is up, and for a unit that is no service. */
  readonly result: string
  /** 0 when no main process runs. */
  readonly mainPid: number
  /** Automatic restarts since the unit was last started by hand. */
  readonly restarts: number
  /** Exit status of the main process, or the signal's number when it was killed; 0 while the unit is up. */
  readonly execMainStatus: number
  /** Seconds since the unit became active, on the monotonic clock; null when it is not active. */
  readonly activeSeconds: number | null
}

/** One look at a unit. Only `unreachable` is a failure; the others are answers. */
export type UnitReading =
  | {
      readonly kind: 'state'
      readonly unit: UnitState
      /** Of one that is up, `mainPid`, `restarts` and `activeSeconds` were not asked for: they are 0 and null. */
      readonly isGlance?: true
    }
  /** None of the names is known to systemd. */
  | { readonly kind: 'not-found'; readonly names: readonly string[] }
  /** No systemd on this host, as in a container. */
  | { readonly kind: 'no-systemd' }
  /** The bus is there and cannot be used; the cause is one line. */
  | { readonly kind: 'unreachable'; readonly cause: string }
  /** The configuration says `unit = "none"`. */
  | { readonly kind: 'not-asked' }
