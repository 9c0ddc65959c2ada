import { keepFile } from './kept-file.ts'
import { readProcessStat } from './process-stat.ts'

/** A process that is asked again and again whether it lives. */
export interface Pulse {
  /** False for a zombie, too, and when another process has the pid. */
  isBeating(): boolean
  close(): void
}

/**
 * By its memory, of which a zombie has none: a descriptor for `/proc/<pid>/statm` that is kept open takes a fifth of what
 * reading `/proc/<pid>/stat` takes, as is done where none is to be had.
 * @param started when the process was started that has the pid now
 * @see https://man7.org/linux/man-pages/man5/proc_pid_statm.5.html
 */
export function takePulse(pid: number, started: string, procDir = '/proc'): Pulse {
  const file = keepFile(`${procDir}/${pid}/statm`)
  if (file === null) {
    return { isBeating: () => isAlive(pid, started, procDir), close() {} }
  }
  return {
    isBeating() {
      const text = file.read()
      return text !== null && text !== '' && !text.startsWith('0 ')
    },
    close: () => file.close(),
  }
}

function isAlive(pid: number, started: string, procDir: string): boolean {
  const stat = readProcessStat(pid, procDir)
  return stat !== null && stat.state !== 'Z' && stat.started === started
}
