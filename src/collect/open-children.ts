import { readFileSync } from 'node:fs'
import { keepFile } from './kept-file.ts'

/** The children of a process, to be read again and again. */
export interface Children {
  /**
   * Their pids, zombies included: the very same object as long as they are the same. None when the process is gone, may
   * not be seen, or the kernel does not tell (it is built without CONFIG_PROC_CHILDREN).
   */
  pids(): readonly number[]
  close(): void
}

/** @see https://man7.org/linux/man-pages/man5/proc_tid_children.5.html */
export function openChildren(pid: number, procDir = '/proc'): Children {
  const path = `${procDir}/${pid}/task/${pid}/children`
  const file = keepFile(path)
  let last = ''
  let pids: readonly number[] = []
  return {
    pids() {
      const text = (file === null ? readText(path) : file.read()) ?? ''
      if (text === last) return pids
      last = text
      pids = text.split(' ').filter(Boolean).map(Number)
      return pids
    },
    close() {
      file?.close()
    },
  }
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return null
  }
}
