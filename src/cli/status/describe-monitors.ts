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
    const { quiet, loud } = describeDelivery(monitor, at, service !== null)
    return [
      `${paint(fit(word, VERDICT), colour, looks)}  ${fit(name, room)}  ${first}`,
      ...rest.flatMap((line) => below(line, null)),
      ...(quiet === '' ? [] : below(quiet, 'dim')),
      ...(loud === '' ? [] : below(loud, 'red')),
    ]
  })
}

/** What is as it should be, in one line; and what is not, empty where all is. */
function describeDelivery(
  { status, since, delivery }: MonitorStatus,
  at: Date,
  isRunning: boolean,
): { quiet: string; loud: string } {
  const standing = since === null ? [] : [`${status} for ${describeAge(since, at)}`]
  if (delivery === null) {
    return { quiet: [...standing, ...(isRunning ? ['no heartbeat was sent yet'] : [])].join(' · '), loud: '' }
  }
  const last = describeLast(delivery, at)
  if (delivery.kind === 'accepted') return { quiet: [...standing, `${last}, accepted`].join(' · '), loud: '' }
  const ago = describeAge(delivery.answeredAt, at)
  return { quiet: standing.join(''), loud: `not delivered ${ago} ago: ${delivery.answer} (${last})` }
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
