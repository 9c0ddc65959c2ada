import { readFileSync } from 'node:fs'

/**
 * Whether the process of this pid here is a supervisord; false too when it may not be seen.
 *
 * A pid of another namespace is most likely nobody's here, and hardly another supervisord's.
 */
export function isSupervisord(pid: number, procDir = '/proc'): boolean {
  try {
    return readFileSync(`${procDir}/${pid}/cmdline`, 'latin1').includes('supervisord')
  } catch {
    return false
  }
}
