import { codeOf } from '../lib/errors.ts'

/** The little of a file system that loading a configuration needs. */
export interface FileSource {
  /** Reads at most `maxBytes` + 1 bytes of a file; rejects with the error of `node:fs`, `EISDIR` for a folder. */
  read(path: string, maxBytes: number): Promise<FileContent>
  /** Tells whether a folder can be written to, or made where it is missing. */
  canWriteIn(folder: string): Promise<boolean>
}

export interface FileContent {
  readonly bytes: Uint8Array
  /** The permission bits alone: 0o600. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Another one for each version of the file, as far as its place and its time tell; not for its permissions. */
  readonly mark: string
}

/** A file's text, or why there is none, in words that follow its name. */
export type TextReading =
  | { readonly kind: 'text'; readonly text: string; readonly file: FileContent }
  | { readonly kind: 'failed'; readonly code: string; readonly cause: string }

const CAUSES: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'does not exist: a part of its path is not a folder',
  EISDIR: 'is a folder, not a file',
  EACCES: 'cannot be read: permission denied; run as its owner or as root, or give the user access to it',
  EPERM: 'cannot be read: permission denied',
  ELOOP: 'cannot be read: too many symbolic links',
  ENAMETOOLONG: 'has too long a name',
}

/** Reads a whole text file of at most `maxBytes` in UTF-8; a byte order mark is dropped. */
export async function readTextFile(source: FileSource, path: string, maxBytes: number): Promise<TextReading> {
  const file = await source.read(path, maxBytes).catch((error: unknown) => error)
  if (!isContent(file)) {
    const code = codeOf(file) ?? String(file)
    return { kind: 'failed', code, cause: CAUSES[code] ?? `cannot be read: ${code}` }
  }
  if (file.bytes.length > maxBytes) {
    return { kind: 'failed', code: 'EFBIG', cause: `is larger than ${maxBytes / 1024} KiB` }
  }
  try {
    return { kind: 'text', text: new TextDecoder('utf-8', { fatal: true }).decode(file.bytes), file }
  } catch {
    return { kind: 'failed', code: 'EILSEQ', cause: `is not UTF-8 text${badLine(file.bytes)}` }
  }
}

function isContent(result: unknown): result is FileContent {
  return typeof result === 'object' && result !== null && 'bytes' in result
}

/** Replacement characters stand where the bytes are wrong, so the first one's line is the place. */
function badLine(bytes: Uint8Array): string {
  if (bytes.includes(0)) return '; it has zero bytes in it'
  const before = new TextDecoder().decode(bytes).split('\uFFFD')[0] ?? ''
  return ` in line ${before.split('\n').length}; save it as UTF-8`
}
