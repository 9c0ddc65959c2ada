import { readdirSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { isSupervisordCommand } from './is-supervisord-command.ts'
import type { MemoryReading } from './memory-reading.ts'
import { readProcessStat } from './process-stat.ts'

/** Processes as supervisord of this host names them. */
export interface Supervised {
  /** supervisord's own pid; null when it does not tell. */
  readonly supervisorPid: number | null
  readonly pids: readonly number[]
}

/**
 * Reads how much resident memory each process uses together with everything below it, as superlance's `memmon -c` does:
 * memory that processes share counts for each of them.
 *
 * Only children of supervisord are read. Pids that are none are those of another host or container.
 * @see https://man7.org/linux/man-pages/man5/proc_pid_status.5.html
 */
export async function readMemory(
  { supervisorPid, pids }: Supervised,
  procDir = '/proc',
): Promise<MemoryReading> {
  if (supervisorPid === null) return failed('supervisord does not tell its pid')
  const command = await readFile(`${procDir}/${supervisorPid}/cmdline`, 'utf8').catch(() => null)
  if (command === null) {
    return failed(
      `/proc/${supervisorPid} of supervisord is hidden from the agent (hidepid, or another container)`,
    )
  }
  const elsewhere = `supervisord counts its pids elsewhere, as in a container: run the agent there`
  if (!isSupervisordCommand(command)) return failed(elsewhere)

  const parents = readParents(procDir)
  const own = pids.filter((pid) => parents.get(pid) === supervisorPid)
  if (own.length === 0 && pids.some((pid) => parents.has(pid))) return failed(elsewhere)
  const children = childrenOf(parents)
  const used = (pid: number): number =>
    treeOf(pid, children).reduce((sum, member) => sum + readResident(member, procDir), 0)
  return { kind: 'read', bytes: new Map(own.map((pid) => [pid, used(pid)])) }
}

function failed(why: string): MemoryReading {
  return { kind: 'failed', why }
}

/**
 * The parent of every process that can be seen; one that ends meanwhile is left out.
 *
 * One file after the other: on a host of many processes there are not as many descriptors, and who could not be read for
 * want of one would look as if it had ended.
 */
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
  try {
    const status = readFileSync(`${procDir}/${pid}/status`, 'latin1')
    return Number(/^VmRSS:\s*(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024
  } catch {
    return 0
  }
}
