import { closeSync, openSync, readSync } from 'node:fs'

/** The part of `/proc/<pid>/stat` that tells processes apart and the living from the dead. */
export interface ProcessStat {
  /** `R`, `S`, `Z`, … */
  readonly state: string
  readonly parent: number
  /** When it started, in ticks since the boot, as text; with the pid it is the process's identity. */
  readonly started: string
}

const buffer = Buffer.alloc(1024)

/**
 * Null when there is no such process, or none that may be seen.
 *
 * Synchronous, because it is for many pids again and again: so it takes 9 µs, and a tenfold through the thread pool.
 * @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
 */
export function readProcessStat(pid: number, procDir = '/proc'): ProcessStat | null {
  let text: string
  try {
    const file = openSync(`${procDir}/${pid}/stat`, 'r')
    try {
      text = buffer.toString('latin1', 0, readSync(file, buffer, 0, buffer.length, 0))
    } finally {
      closeSync(file)
    }
  } catch {
    return null
  }
  return parseProcessStat(text)
}

/** Reads the text of such a file. */
export function parseProcessStat(text: string): ProcessStat {
  // The command's name may hold anything, parentheses and spaces included.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ', 20)
  const [state = '', parent = ''] = fields
  return { state, parent: Number(parent), started: fields[19] ?? '' }
}
