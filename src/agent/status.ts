import * as v from 'valibot'
import { PROCESS_STATES } from '../collect/supervisor/process-info.ts'
import { oneLine } from '../lib/text.ts'

// One form for the socket, `--json` and the table; docs/status-json.md describes it. A reader gets it from another
// process, so every text becomes one printable line.
const Text = v.pipe(v.string(), v.transform(oneLine))
const Time = v.pipe(
  v.string(),
  v.isoTimestamp(),
  v.transform((text) => new Date(text)),
)
const UpOrDown = v.picklist(['up', 'down'])

const ProgramSchema = v.object({
  group: Text,
  name: Text,
  state: v.picklist([...PROCESS_STATES.values()]),
  /** Null when it does not run. */
  up_seconds: v.nullable(v.number()),
  /** Null when it does not run. */
  pid: v.nullable(v.number()),
  /** Resident memory, children included; null when it does not run or cannot be read here. */
  memory_bytes: v.nullable(v.number()),
  /** Restarts that nobody asked for, since the agent knows this supervisord; null when no monitor follows the program. */
  restarts: v.nullable(v.number()),
  /** Why it does not run, as far as supervisord tells; else empty. */
  says: Text,
})

const SupervisordSchema = v.object({
  /** Why it does not answer; null when it does. */
  problem: v.nullable(Text),
  version: v.nullable(Text),
  pid: v.nullable(v.number()),
  up_seconds: v.nullable(v.number()),
  /** By group and name. */
  programs: v.array(ProgramSchema),
})

/** One supervisord or one plain unit. */
const TargetSchema = v.object({
  name: Text,
  /** The time of the snapshot. */
  seen_at: Time,
  /** The check period in force, and why it is another one than `check_every` says; null for a single check. */
  check: v.nullable(v.object({ every_seconds: v.number(), why: v.nullable(Text) })),
  /** When the death of a program is noticed; null where that is not watched. */
  deaths: v.nullable(v.picklist(['at once', 'at the next check'])),
  /** As systemd names it; null where there is none or it is not asked. */
  unit: v.nullable(Text),
  /** One line such as `supervisor.service active (running)`; null without a unit. */
  unit_says: v.nullable(Text),
  /** Null when supervisord is not asked: a plain unit, or `url = "none"`. */
  supervisord: v.nullable(SupervisordSchema),
})

/** The last heartbeats of one monitor: the one that Kuma took, and the one that was tried. */
const DeliverySchema = v.object({
  kuma: Text,
  /** When Kuma last took a heartbeat; null when it never did. */
  delivered_at: v.nullable(Time),
  /** The status in that heartbeat. */
  delivered: v.nullable(UpOrDown),
  /** When the last one was tried. */
  answered_at: Time,
  /** `accepted`, or another kind of `PushAnswer`. */
  kind: Text,
  answer: Text,
})

const MonitorSchema = v.object({
  name: Text,
  /** Null while a first check leaves it open. */
  status: v.nullable(UpOrDown),
  /** Null when it is not known. */
  since: v.nullable(Time),
  message: Text,
  /** One; none before the first heartbeat was sent. */
  deliveries: v.array(DeliverySchema),
})

/** The running agent that tells this. */
const ServiceSchema = v.object({
  pid: v.number(),
  started_at: Time,
  /** Its configuration file; null when it has none. */
  config: v.nullable(v.string()),
  /** Every file of its configuration by its absolute path; another `mark` is another version of it. */
  files: v.optional(v.array(v.object({ path: v.string(), mark: v.string() })), []),
  /** When heartbeats go out: `every 24s`. */
  pushes: Text,
})

const StatusSchema = v.object({
  /** Of the program that took the snapshots. */
  version: Text,
  at: Time,
  /** Null when the command itself took the snapshots. */
  service: v.nullable(ServiceSchema),
  watches: v.array(TargetSchema),
  monitors: v.array(MonitorSchema),
})

export type Status = v.InferOutput<typeof StatusSchema>
export type ServiceStatus = v.InferOutput<typeof ServiceSchema>
export type TargetStatus = v.InferOutput<typeof TargetSchema>
export type SupervisordStatus = v.InferOutput<typeof SupervisordSchema>
export type ProgramStatus = v.InferOutput<typeof ProgramSchema>
export type MonitorStatus = v.InferOutput<typeof MonitorSchema>
export type DeliveryStatus = v.InferOutput<typeof DeliverySchema>

/** Parses a status that was written as JSON; null when it is something else, as of another version. */
export function parseStatus(text: string): Status | null {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return null
  }
  const status = v.safeParse(StatusSchema, json)
  return status.success ? status.output : null
}
