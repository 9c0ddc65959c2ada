import { keepFile } from './kept-file.ts'

/** Whether a process does anything. */
export interface Activity {
  /** False where it has certainly not run since the last time that this was asked. */
  hasRun(): boolean
  close(): void
}

/** What the kernel gives where it does not count. */
const UNCOUNTED = '0 0 0\n'

/**
 * By the time for which it has had a processor, and how often. Whoever started a process has run for that, and a parent runs when
 * a child of its ends, since it gets a signal: as long as it has not, there is nothing new to be found.
 * @see https://www.kernel.org/doc/html/latest/scheduler/sched-stats.html#proc-pid-schedstat
 */
export function watchActivity(pid: number, procDir = '/proc'): Activity {
  const file = keepFile(`${procDir}/${pid}/schedstat`)
  let last = ''
  return {
    hasRun() {
      const text = file?.read() ?? UNCOUNTED
      const isSame = text === last && text !== UNCOUNTED
      last = text
      return !isSame
    },
    close() {
      file?.close()
    },
  }
}
