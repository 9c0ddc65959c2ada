import type { AgentConfig } from './config.ts'
import { formatDuration } from '../lib/duration.ts'
import { longestGap } from './longest-gap.ts'

/** How often heartbeats go out. */
export interface Rhythm {
  /** The longest time between two of them, in milliseconds. */
  readonly everyMs: number
  /** `push_every 24s`, or the schedule with its longest gap. */
  readonly name: string
  /** False for a schedule. */
  readonly isPeriod: boolean
}

export async function rhythmOf({ schedule, pushEveryMs }: AgentConfig): Promise<Rhythm> {
  if (schedule === null) {
    return { everyMs: pushEveryMs, name: `push_every ${formatDuration(pushEveryMs)}`, isPeriod: true }
  }
  const everyMs = await longestGap(schedule)
  const name = `schedule "${schedule}", with up to ${formatDuration(everyMs)} between two heartbeats`
  return { everyMs, name, isPeriod: false }
}
