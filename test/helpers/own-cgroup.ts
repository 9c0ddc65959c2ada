import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'

const PREFIX = 'ksp-boot-'

/**
 * Makes an empty control group of the given name below this process's own one, in the hierarchies systemd uses: two
 * systemds booted in one group would kill one another's processes. Returns the directories.
 */
export function createCgroup(suffix: string): string[] {
  const name = `${PREFIX}${process.pid}-${suffix}`
  const own = readFileSync('/proc/self/cgroup', 'utf8').trim().split('\n')
  const directories: string[] = []
  for (const line of own) {
    const [, controllers = '', path = '/'] = /^\d+:([^:]*):(.*)$/.exec(line) ?? []
    if (controllers !== '' && controllers !== 'name=systemd') continue
    const mounts =
      controllers === '' ? ['/sys/fs/cgroup/unified', '/sys/fs/cgroup'] : ['/sys/fs/cgroup/systemd']
    const mount = mounts.find((at) => existsSync(join(at, 'cgroup.procs')))
    if (mount === undefined) continue
    const parent = join(mount, path)
    removeLeftovers(parent)
    const directory = join(parent, name)
    mkdirSync(directory)
    directories.push(directory)
  }
  return directories
}

/** The processes below one of the directories, deepest groups included. */
export function processesIn(directory: string): number[] {
  const found: number[] = []
  for (const group of groupsIn(directory)) {
    try {
      const text = readFileSync(join(group, 'cgroup.procs'), 'utf8').trim()
      if (text !== '') found.push(...text.split('\n').map(Number))
    } catch {
      // The group went away, and its processes with it.
    }
  }
  return found
}

/** Removes the empty groups below and including the directory; a group with processes in it stays. */
export function removeCgroup(directory: string): void {
  for (const group of groupsIn(directory)) {
    try {
      rmdirSync(group)
    } catch {
      // Still busy or gone already.
    }
  }
}

/** A test run that was killed could not remove its (empty) groups: the next one does. */
function removeLeftovers(parent: string): void {
  for (const name of readdirSync(parent)) {
    const pid = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1]
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) removeCgroup(join(parent, name))
  }
}

/** Children first, so that they can be removed in this order. */
function groupsIn(directory: string): string[] {
  if (!existsSync(directory)) return []
  const entries = readdirSync(directory, { withFileTypes: true, recursive: true })
  const below = entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name))
  return [...below, directory].toSorted((a, b) => b.length - a.length)
}
