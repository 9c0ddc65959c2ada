/** The resolved configuration: every default filled in, every secret file read. Times are milliseconds, sizes bytes. */
export interface Config {
  /** At least one. */
  readonly kumas: readonly KumaConfig[]
  readonly agent: AgentConfig
  /** At least one unless every monitor watches a plain unit. */
  readonly supervisors: readonly SupervisorConfig[]
  /** At least one, except with `--dry-run`, which makes one without a token. */
  readonly monitors: readonly MonitorConfig[]
}

/** How one Kuma is reached. */
export interface KumaConfig {
  /** Unique; `kuma` where there is one without a name. */
  readonly name: string
  /** The base of every monitor whose push URL brings none of its own; see `PushTarget.baseUrl`. */
  readonly url: string
  /** For every push; basic authentication is among them. */
  readonly headers: Readonly<Record<string, string>>
  readonly caFile: string | null
  /** True leaves its certificate unchecked. */
  readonly insecure: boolean
  readonly clientCertFile: string | null
  readonly clientKeyFile: string | null
  /** `http://[user:password@]host:port` of the proxy on the way to `url`, or null. */
  readonly proxy: string | null
  /** For a push that brings news. */
  readonly timeoutMs: number
  /** For one that repeats what Kuma knows. */
  readonly repeatTimeoutMs: number
}

export interface AgentConfig {
  readonly pushEveryMs: number
  readonly checkEveryMs: number
  /** A cron expression that replaces `pushEveryMs`. */
  readonly schedule: string | null
  readonly stateFile: string
  /** Pushes nothing, or a last heartbeat, when the agent is stopped. */
  readonly onStop: 'none' | 'down'
}

export interface SupervisorConfig {
  readonly name: string
  /** `auto`, `none`, or a unit's full name. */
  readonly unit: string
  /** `auto`, `none`, or `unix:///…`, `http://…`, `https://…` without credentials. */
  readonly url: string
  readonly username: string | null
  readonly password: string | null
  readonly caFile: string | null
  /** The user, beside root and this one, who may listen at `url`; null for none. */
  readonly ownerUid: number | null
  readonly timeoutMs: number
}

export interface MonitorConfig {
  /** Unique; for logs and the state file. */
  readonly name: string
  /** Where its heartbeats go; null only with `--dry-run`. */
  readonly push: PushTarget | null
  /** The Heartbeat Interval of the monitor in Kuma; null when it was not told. */
  readonly kumaIntervalMs: number | null
  readonly target: SupervisorTarget | UnitTarget
}

export interface PushTarget {
  /** The name of one of `kumas`. */
  readonly kuma: string
  /** Kuma's base URL without a trailing slash, its path prefix kept: `http://10.9.0.55:3001`. */
  readonly baseUrl: string
  /** `[A-Za-z0-9]+` */
  readonly token: string
  /** `http://[user:password@]host:port` of the proxy on the way there, or null. */
  readonly proxy: string | null
}

/** A monitor over programs of one supervisord. */
export interface SupervisorTarget {
  readonly kind: 'supervisor'
  /** The name of one of `supervisors`. */
  readonly supervisor: string
  /** Globs on `group:name`; empty selects every program. */
  readonly programs: readonly string[]
  readonly exclude: readonly string[]
  /** How many selected programs must be up; null means all. */
  readonly minRunning: number | null
  /** The verdict on a program that somebody stopped by hand. */
  readonly stopped: 'down' | 'ok'
  /** How much resident memory a process may have, its children included; null means any. */
  readonly memoryBytes: number | null
  readonly http: HttpCheck | null
  /** The reaction to a process over its memory, or to a failed HTTP check. */
  readonly onFailure: 'report' | 'restart'
  /** How long after one restart the next may come. */
  readonly restartCooldownMs: number
  /** Adds the last line of a dead program's stderr to the message. */
  readonly logTail: boolean
}

/** A URL and the answer that it must give. */
export interface HttpCheck {
  readonly url: string
  /** The right status codes. */
  readonly status: readonly number[]
  /** A text that must be in the answer; null means none. */
  readonly body: string | null
  readonly timeoutMs: number
  /** `running` asks only while the programs are RUNNING. */
  readonly when: 'running' | 'always'
}

/** A monitor over any systemd unit. */
export interface UnitTarget {
  readonly kind: 'unit'
  readonly unit: string
}
