import { readFileSync } from 'node:fs'

/**
 * The pids of a process's children, zombies included; null when it is gone, may not be seen, or the kernel does not
 * tell (it is built without CONFIG_PROC_CHILDREN).
 * @see https://man7.org/linux/man-pages/man5/proc_tid_children.5.html
 */
export function readChildren(pid: number, procDir = '/proc'): readonly number[] | null {
  try {
    return readFileSync(`${procDir}/${pid}/task/${pid}/children`, 'latin1')
      .split(' ')
      .filter(Boolean)
      .map(Number)
  } catch {
    return null
  }
}
