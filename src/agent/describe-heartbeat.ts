import type { Heartbeat } from './heartbeat.ts'

/** What `--dry-run` prints in place of a push: `12:03:04  up    celery: 12 of 12 running (3 ms)`. */
export function describeHeartbeat(name: string, { status, msg, ping }: Heartbeat, at: Date): string {
  const time = at.toTimeString().slice(0, 8)
  return `${time}  ${status.padEnd(4)}  ${name}: ${msg}${ping === null ? '' : ` (${Math.max(1, Math.round(ping))} ms)`}\n`
}
