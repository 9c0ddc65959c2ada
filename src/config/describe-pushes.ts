import type { AgentConfig } from './config.ts'
import { formatDuration } from '../lib/duration.ts'

/** When heartbeats go out: `every 24s`. */
export function describePushes({ pushEveryMs, schedule }: AgentConfig): string {
  return schedule === null ? `every ${formatDuration(pushEveryMs)}` : `by the schedule "${schedule}"`
}
