import { readFileSync } from 'node:fs'
import { isSupervisordCommand } from './is-supervisord-command.ts'

/**
 * Whether the process of this pid here is a supervisord; false too when it may not be seen.
 *
 * A pid of another namespace is most likely nobody's here, and hardly another supervisord's.
 */
export function isSupervisord(pid: number, procDir = '/proc'): boolean {
  try {
    return isSupervisordCommand(readFileSync(`${procDir}/${pid}/cmdline`, 'latin1'))
  } catch {
    return false
  }
}
