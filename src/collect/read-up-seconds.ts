import { readFile } from 'node:fs/promises'
import { isSupervisordCommand } from './is-supervisord-command.ts'
import { parseProcessStat } from './process-stat.ts'

// Fixed by the kernel's interface to user space, whatever the kernel's own tick is.
const TICKS_PER_SECOND = 100

/**
 * Seconds since a supervisord of this host started. Null when the process of that pid is something else: then supervisord
 * counts its pids elsewhere, as in a container.
 * @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
 */
export async function readUpSeconds(pid: number, procDir = '/proc'): Promise<number | null> {
  try {
    const [command, stat, uptime] = await Promise.all([
      readFile(`${procDir}/${pid}/cmdline`, 'utf8'),
      readFile(`${procDir}/${pid}/stat`, 'utf8'),
      readFile(`${procDir}/uptime`, 'utf8'),
    ])
    if (!isSupervisordCommand(command)) return null
    const { started } = parseProcessStat(stat)
    const seconds = Number.parseFloat(uptime) - Number.parseFloat(started) / TICKS_PER_SECOND
    return Number.isFinite(seconds) ? Math.max(0, seconds) : null
  } catch {
    // Gone, or hidden from us.
    return null
  }
}
