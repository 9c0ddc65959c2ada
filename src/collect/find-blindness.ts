import { codeOf } from '../lib/errors.ts'
import { isSupervisord } from './is-supervisord.ts'
import { readProcessStat } from './process-stat.ts'

interface Family {
  /** As supervisord tells it; null when it does not. */
  readonly supervisorPid: number | null
  /** Those of its programs that run. */
  readonly pids: readonly number[]
}

interface Surroundings {
  /** `/proc` but in tests. */
  readonly procDir?: string
  /** Whether there is such a process, seen or not; the kernel's word but in tests. */
  readonly exists?: (pid: number) => boolean
}

/** Says why the ends of a supervisord's programs cannot be seen by their pids from here; null when they can. */
export function findBlindness({ supervisorPid, pids }: Family, around: Surroundings = {}): string | null {
  const { procDir = '/proc', exists = existsHere } = around
  if (supervisorPid === null) return 'it does not tell its pid'
  if (!isSupervisord(supervisorPid, procDir)) {
    return isHidden(supervisorPid, procDir, exists)
      ? `/proc hides it, pid ${supervisorPid}, from this user (hidepid)`
      : `pid ${supervisorPid} is no supervisord here: it runs in another container, or on another host`
  }
  const hidden = pids.filter((pid) => isHidden(pid, procDir, exists))
  if (hidden.length > 0) {
    return `/proc hides ${hidden.length} of its ${pids.length} processes from this user (hidepid)`
  }
  // Those that have just ended tell nothing.
  const stats = pids.map((pid) => readProcessStat(pid, procDir)).filter((stat) => stat !== null)
  return stats.length > 0 && stats.every(({ parent }) => parent !== supervisorPid)
    ? `its processes are not here: the supervisord of pid ${supervisorPid} here is another one`
    : null
}

function isHidden(pid: number, procDir: string, exists: (pid: number) => boolean): boolean {
  return exists(pid) && readProcessStat(pid, procDir) === null
}

function existsHere(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // Of another user: that is told of hidden ones too.
    return codeOf(error) === 'EPERM'
  }
}
