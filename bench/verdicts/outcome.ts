import type { PeerVerdict } from './peers.ts'

/** How one phase of a scenario went. */
export interface Outcome {
  readonly scenario: string
  /** 1 for the first. */
  readonly phase: number
  readonly truth: 'well' | 'bad'
  readonly ours: 'right' | 'false alarm' | 'miss' | 'wrong message'
  readonly status: 'up' | 'down' | 'silent'
  readonly message: string
  readonly expected: RegExp
  /** Every DOWN on the way, once each: what was said, and how long after the phase began. */
  readonly downs: readonly string[]
  /** In the order of `PEERS`. */
  readonly peers: readonly ('right' | 'false alarm' | 'miss' | null)[]
}

/** A peer has no confirmation of its own: it alarms when any look of the phase makes it. */
export function ratePeer(
  truth: 'well' | 'bad',
  said: readonly PeerVerdict[],
): 'right' | 'false alarm' | 'miss' | null {
  if (said.length === 0 || said.includes(null)) return null
  const alarmed = said.includes('alarm')
  if (alarmed === (truth === 'bad')) return 'right'
  return alarmed ? 'false alarm' : 'miss'
}
