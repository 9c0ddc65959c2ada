import { describeDuration } from '../../lib/text.ts'
import { paint, type Colour, type Looks } from '../screen.ts'
import type { DeliveryStatus, MonitorStatus, Status } from '../../agent/status.ts'
import { fit, textWidth, wrap } from '../text-width.ts'

const VERDICTS = { up: ['UP', 'green'], down: ['DOWN', 'red'] } as const
const VERDICT = 4

/** Verdict, name, what it says, and below it since when, and what became of its heartbeats. */
export function describeMonitors(
  { monitors, at, service }: Pick<Status, 'monitors' | 'at' | 'service'>,
  width: number,
  looks: Looks,
): readonly string[] {
  const widest = Math.max(0, ...monitors.map(({ name }) => textWidth(name)))
  const room = Math.min(widest, Math.floor(width / 3))
  const indent = VERDICT + 2 + room + 2
  return monitors.flatMap((monitor) => {
    const { name, status, message } = monitor
    const [word, colour] = status === null ? (['?', 'yellow'] as const) : VERDICTS[status]
    const [first = '', ...rest] = wrap(message, width - indent)
    const below = (text: string, of: Colour | null): string[] =>
      wrap(text, width - indent).map((line) => `${' '.repeat(indent)}${paint(line, of, looks)}`)
    const { quiet, loud } = describeDeliveries(monitor, at, service !== null)
    return [
      `${paint(fit(word, VERDICT), colour, looks)}  ${fit(name, room)}  ${first}`,
      ...rest.flatMap((line) => below(line, null)),
      ...(quiet === '' ? [] : below(quiet, 'dim')),
      ...loud.flatMap((line) => below(line, 'red')),
    ]
  })
}

/** What is as it should be, in one line; and what is not. */
function describeDeliveries(
  { status, since, deliveries }: MonitorStatus,
  at: Date,
  isRunning: boolean,
): { quiet: string; loud: readonly string[] } {
  const named = ({ kuma }: DeliveryStatus): string => (deliveries.length > 1 ? `${kuma}: ` : '')
  const standing = since === null ? [] : [`${status} for ${describeAge(since, at)}`]
  const accepted = deliveries
    .filter(({ kind }) => kind === 'accepted')
    .map((delivery) => `${named(delivery)}${describeLast(delivery, at)}, accepted`)
  const none = isRunning && deliveries.length === 0 ? ['no heartbeat was sent yet'] : []
  const loud = deliveries
    .filter(({ kind }) => kind !== 'accepted')
    .map((delivery) => {
      const ago = describeAge(delivery.answeredAt, at)
      return `${named(delivery)}not delivered ${ago} ago: ${delivery.answer} (${describeLast(delivery, at)})`
    })
  return { quiet: [...standing, ...accepted, ...none].join(' · '), loud }
}

/** `last heartbeat 12 s ago` */
function describeLast({ deliveredAt }: DeliveryStatus, at: Date): string {
  return deliveredAt === null
    ? 'none was ever delivered'
    : `last heartbeat ${describeAge(deliveredAt, at)} ago`
}

function describeAge(from: Date, at: Date): string {
  return describeDuration((at.getTime() - from.getTime()) / 1000)
}
