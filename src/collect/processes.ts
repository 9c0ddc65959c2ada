import { closeSync, openSync, readdirSync, readSync } from 'node:fs'
import { codeOf } from '../lib/errors.ts'

/** The part of `/proc/<pid>/stat` that tells processes apart and the living from the dead. */
export interface ProcessStat {
  /** `R`, `S`, `Z`, … */
  readonly state: string
  readonly parent: number
  /** When it started, in ticks since the boot, as text; with the pid it is the process's identity. */
  readonly started: string
}

/**
 * Null when there is no such process, or none that may be seen.
 * @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
 */
export function readProcessStat(pid: number, procDir = '/proc'): ProcessStat | null {
  const text = readText(`${procDir}/${pid}/stat`)
  if (text === null) return null
  // The command's name may hold anything, parentheses and spaces included.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ', 20)
  const [state = '', parent = ''] = fields
  return { state, parent: Number(parent), started: fields[19] ?? '' }
}

/**
 * Returns the pids of the children of a process, zombies included. None when the process is gone, may not be seen, or the
 * kernel does not tell (it is built without CONFIG_PROC_CHILDREN).
 * @see https://man7.org/linux/man-pages/man5/proc_tid_children.5.html
 */
export function readChildren(pid: number, procDir = '/proc'): readonly number[] {
  const text = readText(`${procDir}/${pid}/task/${pid}/children`) ?? ''
  return text.split(' ').filter(Boolean).map(Number)
}

/** The ends of the names of supervisord's own files. */
const FILES = /\.(?:sock|socket|conf|ini|toml|log|pid|service|d)$/

/**
 * Returns true for the command line of a supervisord, the text of `/proc/<pid>/cmdline`: of the program itself, and not of one
 * that is only told where supervisord's files are, as an agent in a container of its own, which has the same pid 1 there.
 */
export function isSupervisordCommand(commandLine: string): boolean {
  // Options have values; supervisord's own come after its name.
  const [before = ''] = commandLine.split(/[\0 ]--/, 1)
  return before.split(/[\0 ]/).some((word) => /supervisord[^/]*$/.test(word) && !FILES.test(word))
}

/**
 * Returns true for a supervisord of this host; false too for one that may not be seen. A pid of another namespace is most
 * likely nobody's here, and hardly another supervisord's.
 */
export function isSupervisord(pid: number, procDir = '/proc'): boolean {
  return isSupervisordCommand(readText(`${procDir}/${pid}/cmdline`) ?? '')
}

// Fixed by the kernel's interface to user space, whatever the kernel's own tick is.
const TICKS_PER_SECOND = 100

/**
 * Returns the seconds since a supervisord of this host started. Null when the process of that pid is something else, as where
 * supervisord counts its pids in a container, or is hidden.
 */
export function readUpSeconds(pid: number, procDir = '/proc'): number | null {
  const stat = readProcessStat(pid, procDir)
  if (stat === null || !isSupervisord(pid, procDir)) return null
  const uptime = readText(`${procDir}/uptime`) ?? ''
  const seconds = Number.parseFloat(uptime) - Number.parseFloat(stat.started) / TICKS_PER_SECOND
  return Number.isFinite(seconds) ? Math.max(0, seconds) : null
}

/** Processes as a supervisord names them. */
export interface Supervised {
  /** supervisord's own pid; null when it does not tell. */
  readonly supervisorPid: number | null
  /** Of its programs that run. */
  readonly pids: readonly number[]
}

/**
 * Says why the ends of a supervisord's programs cannot be seen by their pids from here; null when they can.
 * @param exists whether there is such a process, seen or not; the kernel's word but in tests
 */
export function findBlindness(
  { supervisorPid, pids }: Supervised,
  procDir = '/proc',
  exists = existsHere,
): string | null {
  if (supervisorPid === null) return 'it does not tell its pid'
  const isHidden = (pid: number): boolean => exists(pid) && readProcessStat(pid, procDir) === null
  if (!isSupervisord(supervisorPid, procDir)) {
    return isHidden(supervisorPid)
      ? `/proc hides it, pid ${supervisorPid}, from this user (hidepid)`
      : `pid ${supervisorPid} is no supervisord here: it runs in another container, or on another host`
  }
  const hidden = pids.filter(isHidden)
  if (hidden.length > 0) {
    return `/proc hides ${hidden.length} of its ${pids.length} processes from this user (hidepid)`
  }
  // Those that have just ended tell nothing.
  const stats = pids.map((pid) => readProcessStat(pid, procDir)).filter((stat) => stat !== null)
  return stats.length > 0 && stats.every(({ parent }) => parent !== supervisorPid)
    ? `its processes are not here: the supervisord of pid ${supervisorPid} here is another one`
    : null
}

function existsHere(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // A process of another user; hidden ones give this too.
    return codeOf(error) === 'EPERM'
  }
}

/** How much resident memory the programs of one supervisord use. */
export type MemoryReading =
  /** Bytes of a process and everything below it, by its pid; a process that has ended meanwhile is not there. */
  | { readonly kind: 'read'; readonly bytes: ReadonlyMap<number, number> }
  /** Half a sentence that says why it cannot be known, and the way out. */
  | { readonly kind: 'failed'; readonly why: string }
  /** No monitor has a limit, or supervisord did not answer. */
  | { readonly kind: 'not-asked' }

/**
 * Reads how much resident memory each process uses together with everything below it, as superlance's `memmon -c` does:
 * memory that processes share counts for each of them.
 *
 * Only children of supervisord are read. Pids that are none are those of another host or container.
 * @see https://man7.org/linux/man-pages/man5/proc_pid_status.5.html
 */
export function readMemory({ supervisorPid, pids }: Supervised, procDir = '/proc'): MemoryReading {
  if (supervisorPid === null) return { kind: 'failed', why: 'supervisord does not tell its pid' }
  const command = readText(`${procDir}/${supervisorPid}/cmdline`)
  if (command === null) {
    const why = `/proc/${supervisorPid} of supervisord is hidden from the agent (hidepid, or another container)`
    return { kind: 'failed', why }
  }
  const parents = readParents(procDir)
  const own = pids.filter((pid) => parents.get(pid) === supervisorPid)
  const isElsewhere = own.length === 0 && pids.some((pid) => parents.has(pid))
  if (isElsewhere || !isSupervisordCommand(command)) {
    const why = 'supervisord counts its pids elsewhere, as in a container: run the agent there'
    return { kind: 'failed', why }
  }
  const children = childrenOf(parents)
  const used = (pid: number): number =>
    treeOf(pid, children).reduce((sum, member) => sum + readResident(member, procDir), 0)
  return { kind: 'read', bytes: new Map(own.map((pid) => [pid, used(pid)])) }
}

/** Returns the parent of every process that can be seen; one that ends meanwhile is left out. */
function readParents(procDir: string): ReadonlyMap<number, number> {
  const pids = listFolder(procDir)
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
  return new Map(
    pids.flatMap((pid): [number, number][] => {
      const stat = readProcessStat(pid, procDir)
      return stat === null ? [] : [[pid, stat.parent]]
    }),
  )
}

function listFolder(path: string): readonly string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

function childrenOf(parents: ReadonlyMap<number, number>): ReadonlyMap<number, readonly number[]> {
  const children = new Map<number, number[]>()
  for (const [pid, parent] of parents) {
    const known = children.get(parent)
    if (known === undefined) children.set(parent, [pid])
    else known.push(pid)
  }
  return children
}

/** A process and everything below it. Pids that were given anew meanwhile could make a ring: each counts once. */
function treeOf(root: number, children: ReadonlyMap<number, readonly number[]>): readonly number[] {
  const members = new Set([root])
  for (const member of members) for (const child of children.get(member) ?? []) members.add(child)
  return [...members]
}

/** Bytes; 0 for a process that has ended, and for one that has no memory of its own (a zombie). */
function readResident(pid: number, procDir: string): number {
  const status = readText(`${procDir}/${pid}/status`) ?? ''
  return Number(/^VmRSS:\s*(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024
}

/** The kernel gives a page of a long file at a time, as far as whole lines or numbers fill it. */
const buffer = Buffer.alloc(4096)

/**
 * Null when it cannot be read: the process is gone, or hidden from us.
 *
 * For many pids again and again: readFileSync takes twice as long for so small a file, and the thread pool tenfold.
 */
function readText(path: string): string | null {
  try {
    const file = openSync(path, 'r')
    try {
      let text = ''
      for (;;) {
        const size = readSync(file, buffer)
        text += buffer.toString('latin1', 0, size)
        if (size < buffer.length / 2) return text
      }
    } finally {
      closeSync(file)
    }
  } catch {
    return null
  }
}
