import type { DeliveryStatus, ProgramStatus, Status, WatchStatus } from './status.ts'

/** The stable form for scripts, and of what a running agent tells; see docs/status-json.md. */
export function statusJson({ version, at, service, watches, monitors }: Status): object {
  return {
    version,
    at,
    service: service && {
      pid: service.pid,
      started_at: service.startedAt,
      config: service.config,
      files: service.files,
      pushes: service.pushes,
    },
    watches: watches.map(watchJson),
    monitors: monitors.map(({ delivery, ...monitor }) => ({
      ...monitor,
      deliveries: delivery === null ? [] : [deliveryJson(delivery)],
    })),
  }
}

function watchJson({ seenAt, check, unitSays, supervisord, ...watch }: WatchStatus): object {
  const { name, unit, deaths } = watch
  return {
    name,
    seen_at: seenAt,
    check: check && { every_seconds: check.everySeconds, why: check.why },
    deaths,
    unit,
    unit_says: unitSays,
    supervisord: supervisord && {
      problem: supervisord.problem,
      version: supervisord.version,
      pid: supervisord.pid,
      up_seconds: supervisord.upSeconds,
      programs: supervisord.programs.map(programJson),
    },
  }
}

function programJson({ group, name, state, pid, restarts, says, ...program }: ProgramStatus): object {
  const { upSeconds, memoryBytes } = program
  return { group, name, state, up_seconds: upSeconds, pid, memory_bytes: memoryBytes, restarts, says }
}

function deliveryJson({ kuma, deliveredAt, delivered, answeredAt, kind, answer }: DeliveryStatus): object {
  return { kuma, delivered_at: deliveredAt, delivered, answered_at: answeredAt, kind, answer }
}
