import type { Memories } from '../../agent/state-file.ts'
import type { Config } from '../../config/config.ts'
import type { LoadedConfig } from '../../config/load.ts'
import type { UnitReading } from '../../collect/systemd/unit-reading.ts'
import type { KumaMonitor } from '../../kuma/provisioning/kuma-inventory.ts'
import type { AgentAnswer } from '../status/status.ts'
import type { CronJob } from '../cron-job.ts'
import type { KumaExam } from './examine-kumas.ts'
import type { JournalLine } from './read-journal.ts'
import type { SupervisorExam } from './examine-supervisor.ts'
import type { Pushed } from '../../agent/push-all.ts'

/** What the checks look at. Each reading is taken once, by the first check that asks for it. */
export interface Patient {
  /** `20.19.2` */
  readonly nodeVersion: string
  readonly user: { readonly name: string; readonly isRoot: boolean }
  /** The user of the installed service; null where it is not installed. */
  readonly serviceUser: string | null
  /** What is wrong with the configuration; one line each. */
  readonly problems: readonly string[]
  /** Null when it is so wrong that nothing can be looked at; a missing token alone is not. */
  readonly loaded: LoadedConfig | null
  /** Whether heartbeats may be sent. */
  readonly mayPush: boolean
  readonly readUnit: (unit: string) => Promise<Timed<UnitReading>>
  readonly examineSupervisor: (config: Config['supervisors'][number]) => Promise<SupervisorExam>
  readonly examineKumas: () => Promise<readonly KumaExam[]>
  readonly askAgent: () => Promise<AgentAnswer>
  /** The cron job of a host that was installed so; else null. */
  readonly cronJob: () => Promise<CronJob | null>
  /** What the last run of `once` left behind; empty where this user may not read it. */
  readonly recall: () => Promise<Memories>
  /** What the service, or the runs of cron, have written last; null where that cannot be read. */
  readonly journal: () => Promise<readonly JournalLine[] | null>
  /** What the monitors are in Kuma; null without a login. */
  readonly askKuma: () => Promise<InKuma | null>
  /** Wall clock in milliseconds. */
  readonly wallNow: () => number
  /** Looks, judges and pushes once for every monitor. */
  readonly pushAll: () => Promise<readonly Pushed[]>
}

/** What a login to one Kuma shows. */
export type InKuma =
  | { readonly kind: 'told'; readonly kuma: string; readonly monitors: readonly KumaMonitor[] }
  /** One line. */
  | { readonly kind: 'failed'; readonly says: string }

export interface Timed<T> {
  readonly value: T
  readonly ms: number
}
