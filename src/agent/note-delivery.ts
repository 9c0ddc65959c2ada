import type { Heartbeat } from './heartbeat.ts'
import type { PushAnswer } from '../kuma/push-answer.ts'

/** What became of the heartbeats of one monitor at one Kuma. Times are wall clock in milliseconds, for people. */
export interface DeliveryMemory {
  /** The last heartbeat that Kuma took; null when it took none. */
  readonly delivered: { readonly atMs: number; readonly status: 'up' | 'down' } | null
  /** What the last try came to. */
  readonly answer: {
    readonly atMs: number
    /** Of `PushAnswer`; as text, since a state file of another version may have others. */
    readonly kind: string
    readonly says: string
  }
}

/** Takes in what Kuma made of one heartbeat. */
export function noteDelivery(
  before: DeliveryMemory | null,
  { status }: Pick<Heartbeat, 'status'>,
  { kind, says }: Pick<PushAnswer, 'kind' | 'says'>,
  atMs: number,
): DeliveryMemory | null {
  // The agent gave up because it stops: Kuma had no say.
  if (kind === 'aborted') return before
  const delivered = kind === 'accepted' ? { atMs, status } : (before?.delivered ?? null)
  return { delivered, answer: { atMs, kind, says } }
}
