import { readFileSync } from 'node:fs'

const TOLERANCE_SECONDS = 5

/**
 * Whether `/proc/uptime` counts from the same moment as the start times of processes do: an LXC container has its own uptime
 * there, by lxcfs. False, too, on a host that has slept, which the monotonic clock does not count.
 * @param monotonicMs now
 */
export function isUptimeOfHost(monotonicMs: number, procDir = '/proc'): boolean {
  try {
    const seconds = Number.parseFloat(readFileSync(`${procDir}/uptime`, 'latin1'))
    return Math.abs(seconds - monotonicMs / 1000) < TOLERANCE_SECONDS
  } catch {
    return false
  }
}
