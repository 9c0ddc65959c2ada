import { describeDuration } from '../../verdict/describe-duration.ts'
import type { DeliveryStatus } from '../status/status.ts'
import { failed, ok, skipped, type Finding } from './check.ts'
import type { Patient } from './patient.ts'
import { RESUME_OR_COPY } from './check-token.ts'

/** Whether Kuma took the last heartbeats of the running agent. */
export async function checkDelivery({ askAgent }: Patient): Promise<Finding[]> {
  const status = await askAgent()
  if (status === null) return [skipped('no running agent tells of its heartbeats')]
  const { monitors, at } = status
  return monitors.flatMap(({ name, deliveries }) => {
    if (deliveries.length === 0) return [skipped('no heartbeat was sent yet', { of: name })]
    return deliveries.map((delivery) => {
      const of = deliveries.length > 1 ? `${name} at ${delivery.kuma}` : name
      return judge(delivery, of, at)
    })
  })
}

function judge({ kind, deliveredAt, answeredAt, answer }: DeliveryStatus, of: string, at: Date): Finding {
  const ago = (time: Date): string => `${describeDuration((at.getTime() - time.getTime()) / 1000)} ago`
  if (kind === 'accepted') return ok(`Kuma took the last heartbeat ${ago(answeredAt)}`, { of })
  const before = deliveredAt === null ? 'none before' : `the last one before ${ago(deliveredAt)}`
  const says = `not delivered ${ago(answeredAt)}, ${before}: ${answer}`
  const remedy = kind === 'unknown-monitor' ? RESUME_OR_COPY : 'mend what kuma, tls and api tell above'
  return failed(says, remedy, { of })
}
