import type { ProcessState } from '../collect/supervisor/process-info.ts'

/** What is seen and judged, ready to be shown; every text in it is one printable line. */
export interface Status {
  /** Of the program that has looked. */
  readonly version: string
  readonly at: Date
  /** The running agent that has looked; null when the command itself has. */
  readonly service: ServiceStatus | null
  readonly watches: readonly WatchStatus[]
  readonly monitors: readonly MonitorStatus[]
}

export interface ServiceStatus {
  readonly pid: number
  readonly startedAt: Date
  /** Its configuration file; null when it has none. */
  readonly config: string | null
  /** Every file that it has its configuration from, those with secrets included; empty for an agent that does not tell. */
  readonly files: readonly FileStatus[]
  /** When heartbeats go out: `every 24s`. */
  readonly pushes: string
}

interface FileStatus {
  /** Absolute. */
  readonly path: string
  /** Another one for each version of the file, as far as its place and its time tell. */
  readonly mark: string
}

/** One supervisord or one plain unit. */
export interface WatchStatus {
  readonly name: string
  /** When it was looked at. */
  readonly seenAt: Date
  /** How often that is done; null for a single look. */
  readonly check: CheckStatus | null
  /** When the death of a program is noticed; null where that is not watched. */
  readonly deaths: 'at once' | 'at the next check' | null
  /** As systemd names it; null where there is none or it is not asked. */
  readonly unit: string | null
  /** One line about the unit, such as `supervisor.service active (running)`; null without one. */
  readonly unitSays: string | null
  /** Null when supervisord is not asked: a plain unit, or `url = "none"`. */
  readonly supervisord: SupervisordStatus | null
}

/** The check period that is in force. */
export interface CheckStatus {
  readonly everySeconds: number
  /** Why it is another one than `check_every` says; null when it is not. */
  readonly why: string | null
}

export interface SupervisordStatus {
  /** Why there is no answer; null when there is one. */
  readonly problem: string | null
  readonly version: string | null
  readonly pid: number | null
  readonly upSeconds: number | null
  /** By group and name. */
  readonly programs: readonly ProgramStatus[]
}

export interface ProgramStatus {
  readonly group: string
  readonly name: string
  readonly state: ProcessState
  /** Null when it does not run. */
  readonly upSeconds: number | null
  /** Null when it does not run. */
  readonly pid: number | null
  /** Resident memory, its children included; null when it does not run or cannot be read here. */
  readonly memoryBytes: number | null
  /** How many restarts nobody asked for, since the agent knows this supervisord; null when no monitor follows it. */
  readonly restarts: number | null
  /** Why it does not run, where supervisord tells; else empty. */
  readonly says: string
}

export interface MonitorStatus {
  readonly name: string
  /** Null while a first look leaves it open. */
  readonly status: 'up' | 'down' | null
  /** Since when; null when that is not known. */
  readonly since: Date | null
  readonly message: string
  /** Null before the first heartbeat was sent. */
  readonly delivery: DeliveryStatus | null
}

/** What became of the heartbeats of one monitor. */
export interface DeliveryStatus {
  readonly kuma: string
  /** When Kuma last took a heartbeat; null when it never did. */
  readonly deliveredAt: Date | null
  /** What that heartbeat said. */
  readonly delivered: 'up' | 'down' | null
  /** When the last one was tried. */
  readonly answeredAt: Date
  /** What kind of answer came: `accepted`, or one of the others of `PushAnswer`. */
  readonly kind: string
  /** What Kuma answered to it, or why it did not. */
  readonly answer: string
}
