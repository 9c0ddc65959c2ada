import { resolve } from 'node:path'
import type { Delivery } from '../../agent/notifier.ts'
import { peekState } from '../../agent/state.ts'
import type { DeliveryStatus, Status } from '../../agent/status.ts'
import type { LoadedConfig } from '../../config/load.ts'
import { readBootId } from '../../lib/clock.ts'
import { describeDuration } from '../../lib/text.ts'
import type { CronJob } from '../cron-job.ts'
import { askAgent } from '../status/status.ts'
import type { DoctorContext } from './context.ts'
import { RESUME_OR_COPY } from './kuma.ts'
import { failed, ok, skipped, type Finding } from './report.ts'
import { SERVICE_UNIT } from './service.ts'

/** `delivery`: the running agent pushes for the monitors of the configuration, and Kuma took the last heartbeats. */
export async function checkDelivery({
  flags,
  terminal,
  signal,
  loaded,
  cronJob,
}: DoctorContext): Promise<Finding[]> {
  const { status, silence } = await askAgent(flags, terminal.env, signal)
  if (status !== null) return judgeAgent(status, loaded)
  if (silence !== null) return [failed(`${silence}: it hangs`, `systemctl restart ${SERVICE_UNIT}`)]
  if (cronJob === null || loaded === null) return [skipped('no running agent tells of its heartbeats')]
  const { monitors, agent } = loaded.config
  const kept = await peekState(agent.stateFile, await readBootId())
  return monitors.map(({ name }) =>
    judgeCron(name, kept.get(name)?.notifiers[0]?.delivery ?? null, cronJob, Date.now()),
  )
}

/** Judges what a running agent tells, against the configuration as it is now. */
export function judgeAgent(status: Status, loaded: LoadedConfig | null): Finding[] {
  const deliveries = status.monitors.map(({ name, deliveries: [delivery] }) =>
    delivery === undefined
      ? skipped('no heartbeat was sent yet', { of: name })
      : judgeDelivery(delivery, name, status.at),
  )
  return [...(loaded === null ? [] : findStale(loaded, status)), ...deliveries]
}

/** Finds the monitors that came into the file, or went, since the agent read it; without any, the files written since. */
function findStale({ source, config, marks }: LoadedConfig, { service, monitors }: Status): Finding[] {
  if (source === null || service === null || service.config !== resolve(source)) return []
  const written = new Set(config.monitors.map(({ name }) => name))
  const pushed = new Set(monitors.map(({ name }) => name))
  const remedy = `systemctl reload kuma-supervisor-push; one that was started by hand (pid ${service.pid}): start it again`
  const stale = (says: string, of: string): Finding =>
    failed(`${says}: the running agent has not read the configuration again`, remedy, { of })
  const changed = [
    ...[...written].filter((name) => !pushed.has(name)).map((name) => stale('not pushed', name)),
    ...[...pushed].filter((name) => !written.has(name)).map((name) => stale('still pushed', name)),
  ]
  if (changed.length > 0) return changed
  return service.files
    .filter(({ path, mark }) => marks.has(path) && marks.get(path) !== mark)
    .map(({ path }) => failed(`${path} was written after the running agent had read it`, remedy))
}

/** Judges what the runs of cron remember: the last one was not long ago, and Kuma took its heartbeat. */
export function judgeCron(
  of: string,
  delivery: Delivery | null,
  { rhythm, fields }: CronJob,
  nowMs: number,
): Finding {
  if (delivery === null) return skipped('no run of cron is remembered, as far as this user may know', { of })
  const { delivered, answer } = delivery
  const agoMs = nowMs - answer.atMs
  if (agoMs > 2 * rhythm.everyMs) {
    const says = `cron has not run it for ${describeDuration(agoMs / 1000)}, and should by ${fields}`
    return failed(says, `systemctl status cron crond; journalctl -t kuma-supervisor-push -n 30`, { of })
  }
  const last = {
    kind: answer.kind,
    delivered_at: delivered === null ? null : new Date(delivered.atMs),
    answered_at: new Date(answer.atMs),
    answer: answer.says,
  }
  return judgeDelivery(last, of, new Date(nowMs))
}

function judgeDelivery(
  delivery: Pick<DeliveryStatus, 'kind' | 'delivered_at' | 'answered_at' | 'answer'>,
  of: string,
  at: Date,
): Finding {
  const { kind, delivered_at: deliveredAt, answered_at: answeredAt, answer } = delivery
  const ago = (time: Date): string => `${describeDuration((at.getTime() - time.getTime()) / 1000)} ago`
  if (kind === 'accepted') return ok(`Kuma took the last heartbeat ${ago(answeredAt)}`, { of })
  const before = deliveredAt === null ? 'none before' : `the last one before ${ago(deliveredAt)}`
  const says = `not delivered ${ago(answeredAt)}, ${before}: ${answer}`
  const remedy = kind === 'unknown-monitor' ? RESUME_OR_COPY : 'mend what kuma, tls and api tell above'
  return failed(says, remedy, { of })
}
