import { resolve } from 'node:path'
import type { DeliveryMemory } from '../../agent/note-delivery.ts'
import type { LoadedConfig } from '../../config/load.ts'
import { describeDuration } from '../../lib/text.ts'
import type { CronJob } from '../cron-job.ts'
import type { DeliveryStatus, Status } from '../../agent/status.ts'
import { failed, ok, skipped, type Finding } from './check.ts'
import type { Patient } from './patient.ts'
import { RESUME_OR_COPY } from './check-token.ts'
import { SERVICE_UNIT } from './service-unit.ts'

/** Whether the running agent pushes for the monitors of the configuration, and Kuma took the last heartbeats. */
export async function checkDelivery({
  askAgent,
  loaded,
  cronJob,
  recall,
  wallNow,
}: Pick<Patient, 'askAgent' | 'loaded' | 'cronJob' | 'recall' | 'wallNow'>): Promise<Finding[]> {
  const { status, silence } = await askAgent()
  if (status === null) {
    if (silence !== null) return [failed(`${silence}: it hangs`, `systemctl restart ${SERVICE_UNIT}`)]
    const cron = await cronJob()
    if (cron === null || loaded === null) return [skipped('no running agent tells of its heartbeats')]
    const memories = await recall()
    return loaded.config.monitors.flatMap(({ name }) =>
      judgeRuns(name, memories.get(name)?.notifiers[0]?.delivery ?? null, cron, wallNow()),
    )
  }
  const { monitors, at } = status
  const stale = loaded === null ? [] : findStale(loaded, status)
  return [...stale, ...judgeAll(monitors, at)]
}

/** Monitors that came into the file, or went, since the agent read it; where none did, what was written since. */
function findStale({ source, config, marks }: LoadedConfig, { service, monitors }: Status): Finding[] {
  if (source === null || service === null || service.config !== resolve(source)) return []
  const written = new Set(config.monitors.map(({ name }) => name))
  const pushed = new Set(monitors.map(({ name }) => name))
  const remedy = `systemctl reload kuma-supervisor-push; one that was started by hand (pid ${service.pid}): start it again`
  const stale = (says: string, of: string): Finding =>
    failed(`${says}: the running agent has not read the configuration again`, remedy, { of })
  const counted = [
    ...[...written].filter((name) => !pushed.has(name)).map((name) => stale('not pushed', name)),
    ...[...pushed].filter((name) => !written.has(name)).map((name) => stale('still pushed', name)),
  ]
  if (counted.length > 0) return counted
  return service.files
    .filter(({ path, mark }) => marks.has(path) && marks.get(path) !== mark)
    .map(({ path }) => failed(`${path} was written after the running agent had read it`, remedy))
}

/** What the runs of cron remember: that the last one was taken, and was not long ago. */
function judgeRuns(
  name: string,
  delivery: DeliveryMemory | null,
  { rhythm, fields }: CronJob,
  nowMs: number,
): Finding[] {
  const of = name
  if (delivery === null)
    return [skipped('no run of cron is remembered, as far as this user may know', { of })]
  const { delivered, answer } = delivery
  const agoMs = nowMs - answer.atMs
  if (agoMs > 2 * rhythm.everyMs) {
    const says = `cron has not run it for ${describeDuration(agoMs / 1000)}, and should by ${fields}`
    return [failed(says, `systemctl status cron crond; journalctl -t kuma-supervisor-push -n 30`, { of })]
  }
  const deliveredAt = delivered === null ? null : new Date(delivered.atMs)
  const { kind, says } = answer
  const last = { kind, delivered_at: deliveredAt, answered_at: new Date(answer.atMs), answer: says }
  return [judge(last, of, new Date(nowMs))]
}

function judgeAll(monitors: Status['monitors'], at: Date): Finding[] {
  return monitors.map(({ name, deliveries: [delivery] }) =>
    delivery === undefined ? skipped('no heartbeat was sent yet', { of: name }) : judge(delivery, name, at),
  )
}

function judge(
  {
    kind,
    delivered_at: deliveredAt,
    answered_at: answeredAt,
    answer,
  }: Pick<DeliveryStatus, 'kind' | 'delivered_at' | 'answered_at' | 'answer'>,
  of: string,
  at: Date,
): Finding {
  const ago = (time: Date): string => `${describeDuration((at.getTime() - time.getTime()) / 1000)} ago`
  if (kind === 'accepted') return ok(`Kuma took the last heartbeat ${ago(answeredAt)}`, { of })
  const before = deliveredAt === null ? 'none before' : `the last one before ${ago(deliveredAt)}`
  const says = `not delivered ${ago(answeredAt)}, ${before}: ${answer}`
  const remedy = kind === 'unknown-monitor' ? RESUME_OR_COPY : 'mend what kuma, tls and api tell above'
  return failed(says, remedy, { of })
}
