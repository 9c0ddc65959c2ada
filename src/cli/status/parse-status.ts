import * as v from 'valibot'
import { PROCESS_STATES } from '../../collect/supervisor/process-info.ts'
import { oneLine } from '../../lib/text.ts'
import type { Status } from '../../agent/status.ts'

// It comes from another process: nothing in it may reach a terminal as anything but text.
const Text = v.pipe(v.string(), v.transform(oneLine))
const Time = v.pipe(
  v.string(),
  v.isoTimestamp(),
  v.transform((text) => new Date(text)),
)
const UpOrDown = v.picklist(['up', 'down'])

const Program = v.pipe(
  v.object({
    group: Text,
    name: Text,
    state: v.picklist([...PROCESS_STATES.values()]),
    up_seconds: v.nullable(v.number()),
    pid: v.nullable(v.number()),
    memory_bytes: v.nullable(v.number()),
    restarts: v.nullable(v.number()),
    says: Text,
  }),
  v.transform(({ up_seconds: upSeconds, memory_bytes: memoryBytes, ...program }) => ({
    ...program,
    upSeconds,
    memoryBytes,
  })),
)

const Supervisord = v.pipe(
  v.object({
    problem: v.nullable(Text),
    version: v.nullable(Text),
    pid: v.nullable(v.number()),
    up_seconds: v.nullable(v.number()),
    programs: v.array(Program),
  }),
  v.transform(({ up_seconds: upSeconds, ...supervisord }) => ({ ...supervisord, upSeconds })),
)

const Check = v.pipe(
  v.object({ every_seconds: v.number(), why: v.nullable(Text) }),
  v.transform(({ every_seconds: everySeconds, why }) => ({ everySeconds, why })),
)

const Watch = v.pipe(
  v.object({
    name: Text,
    seen_at: Time,
    check: v.nullable(Check),
    deaths: v.nullable(v.picklist(['at once', 'at the next check'])),
    unit: v.nullable(Text),
    unit_says: v.nullable(Text),
    supervisord: v.nullable(Supervisord),
  }),
  v.transform(({ seen_at: seenAt, unit_says: unitSays, ...watch }) => ({ ...watch, seenAt, unitSays })),
)

const Delivery = v.pipe(
  v.object({
    kuma: Text,
    delivered_at: v.nullable(Time),
    delivered: v.nullable(UpOrDown),
    answered_at: Time,
    kind: Text,
    answer: Text,
  }),
  v.transform(({ delivered_at: deliveredAt, answered_at: answeredAt, ...delivery }) => ({
    ...delivery,
    deliveredAt,
    answeredAt,
  })),
)

const Service = v.pipe(
  v.object({
    pid: v.number(),
    started_at: Time,
    config: v.nullable(v.string()),
    files: v.optional(v.array(v.object({ path: v.string(), mark: v.string() })), []),
    pushes: Text,
  }),
  v.transform(({ started_at: startedAt, ...service }) => ({ ...service, startedAt })),
)

const Answer = v.object({
  version: Text,
  at: Time,
  service: v.nullable(Service),
  watches: v.array(Watch),
  monitors: v.array(
    v.pipe(
      v.object({
        name: Text,
        status: v.nullable(UpOrDown),
        since: v.nullable(Time),
        message: Text,
        deliveries: v.array(Delivery),
      }),
      v.transform(({ deliveries: [delivery = null], ...monitor }) => ({ ...monitor, delivery })),
    ),
  ),
})

/** Reads what `statusJson` has made; null when it is something else, as of another version. */
export function parseStatus(text: string): Status | null {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return null
  }
  const status = v.safeParse(Answer, json)
  return status.success ? status.output : null
}
