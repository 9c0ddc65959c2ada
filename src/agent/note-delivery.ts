import type { Heartbeat } from './heartbeat.ts'
import type { MissedMemory } from './missed.ts'
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

/** What is kept of the heartbeats of one monitor. */
export interface NotifierState {
  /** The name of the Kuma that they went to: another one is told everything anew. */
  readonly kuma: string
  /** What Kuma was told and what it has missed; null in the state file of an agent that kept none. */
  readonly missed: MissedMemory | null
  /** Null before the first try. */
  readonly delivery: DeliveryMemory | null
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
