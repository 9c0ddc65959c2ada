import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  type Stats,
} from 'node:fs'
import { join } from 'node:path'

/** Where V8's compiled code of one file is kept between runs; null where there is no place that can be trusted. */
export interface CodeCache {
  /** Null when there is none, or none that can be trusted. */
  read(): Buffer | null
  /** Replaces it in one step; what goes wrong is of no consequence. */
  write(code: Buffer): void
}

export interface CodeCacheOptions {
  /** The file whose code it is. */
  readonly source: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** The user that runs this. */
  readonly uid: number
}

const FOLDER = 'kuma-supervisor-push'
const OLD_MS = 30 * 24 * 60 * 60 * 1000

/**
 * In a folder of the user's own, below `XDG_CACHE_HOME` or `~/.cache`. Code is run as it stands there, so the home, the
 * folder and the file must all belong to the user, and nobody else may write to them: under `sudo`, whose home may be
 * another's, there is no cache.
 */
export function openCodeCache({ source, env, uid }: CodeCacheOptions): CodeCache | null {
  const home = env['XDG_CACHE_HOME'] ?? env['HOME'] ?? ''
  if (!home.startsWith('/') || !isOwnFolder(() => statSync(home), uid)) return null
  const folder = join(home, env['XDG_CACHE_HOME'] === undefined ? '.cache' : '', FOLDER)
  const path = join(folder, nameFor(statSync(source)))
  const isFolderOwn = (): boolean => isOwnFolder(() => lstatSync(folder), uid)
  return {
    read() {
      const file = isFolderOwn() ? readOwn(path, uid) : null
      return file === null ? null : unsealed(file)
    },
    write(code) {
      try {
        mkdirSync(folder, { recursive: true, mode: 0o700 })
        if (!isFolderOwn()) return
        removeOld(folder)
        replace(path, sealed(code))
      } catch {
        // A full disk or a read-only home: the next start is as slow as this one.
      }
    },
  }
}

/** By the version of Node, and by what changes when the file is replaced. V8 itself looks at no more than its length. */
function nameFor({ dev, ino, size, ctimeMs }: Stats): string {
  return `${process.version}-${process.arch}-${dev}-${ino}-${size}-${ctimeMs}`
}

function isOwn(stats: Stats, uid: number): boolean {
  return stats.uid === uid && (stats.mode & 0o022) === 0
}

function isOwnFolder(stat: () => Stats, uid: number): boolean {
  try {
    const stats = stat()
    return stats.isDirectory() && isOwn(stats, uid)
  } catch {
    return false
  }
}

function readOwn(path: string, uid: number): Buffer | null {
  let file: number
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch {
    return null
  }
  try {
    const stats = fstatSync(file)
    return stats.isFile() && isOwn(stats, uid) ? readFileSync(file) : null
  } finally {
    closeSync(file)
  }
}

/** Twice: V8 takes damaged code for whole and dies of it. To compare two is quicker than any sum over one. */
function sealed(code: Buffer): Buffer {
  return Buffer.concat([code, code])
}

function unsealed(file: Buffer): Buffer | null {
  const code = file.subarray(0, file.length / 2)
  return code.length > 0 && code.equals(file.subarray(code.length)) ? code : null
}

/** Half a file must never be taken for a whole one. */
function replace(path: string, code: Buffer): void {
  const temporary = `${path}.${process.pid}.tmp`
  const flags = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | constants.O_NOFOLLOW
  const file = openSync(temporary, flags, 0o600)
  try {
    writeFileSync(file, code)
    fsyncSync(file)
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  } finally {
    closeSync(file)
  }
}

/** What earlier versions of Node or of the agent have left. */
function removeOld(folder: string): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    if (Date.now() - lstatSync(path).mtimeMs > OLD_MS) rmSync(path, { force: true })
  }
}
