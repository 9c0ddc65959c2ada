import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  type Stats,
} from 'node:fs'
import { join } from 'node:path'

/** What V8 compiled, and in how many runs, one after the other: each adds what the ones before did not come to. */
interface KeptCode {
  readonly code: Buffer
  /** 1 to 255. */
  readonly runs: number
}

/** Where V8's compiled code of one file is kept between runs. */
export interface CodeCache {
  /** Null when there is none, or none that can be trusted. */
  read(): KeptCode | null
  /** Replaces it in one step; what goes wrong is of no consequence. */
  write(kept: KeptCode): void
}

export interface CodeCacheOptions {
  /** The file whose code it is. */
  readonly source: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** The user that runs this. */
  readonly uid: number
}

const FOLDER = 'kuma-supervisor-push'
const PIECE_BYTES = 65_536
/** Many times what is ever written. */
const MOST_BYTES = 64 * 1024 * 1024
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
      return isFolderOwn() ? readOwn(path, uid) : null
    },
    write(kept) {
      try {
        mkdirSync(folder, { recursive: true, mode: 0o700 })
        if (!isFolderOwn()) return
        removeOld(folder)
        replace(path, sealed(kept))
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

function readOwn(path: string, uid: number): KeptCode | null {
  try {
    const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    try {
      const stats = fstatSync(file)
      return stats.isFile() && isOwn(stats, uid) ? unsealed(file, stats.size) : null
    } finally {
      closeSync(file)
    }
  } catch {
    // There is none yet, or it cannot be read: the file that is run is there still.
    return null
  }
}

/** Twice: V8 takes damaged code for whole and dies of it. To compare two is quicker than any sum over one. */
function sealed({ code, runs }: KeptCode): Buffer {
  const copy = Buffer.concat([code, Buffer.of(runs)])
  return Buffer.concat([copy, copy])
}

/** The second copy passes through a small buffer: memory that is touched for the first time costs more than to read. */
function unsealed(file: number, size: number): KeptCode | null {
  if (size % 2 !== 0 || size > MOST_BYTES) return null
  const copy = Buffer.allocUnsafeSlow(size / 2)
  if (readSync(file, copy) !== copy.length) return null
  const piece = Buffer.allocUnsafeSlow(PIECE_BYTES)
  for (let at = 0; at < copy.length; at += PIECE_BYTES) {
    const length = readSync(file, piece, 0, PIECE_BYTES, null)
    if (!piece.subarray(0, length).equals(copy.subarray(at, at + PIECE_BYTES))) return null
  }
  const runs = copy.at(-1) ?? 0
  return runs > 0 ? { code: copy.subarray(0, -1), runs } : null
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
