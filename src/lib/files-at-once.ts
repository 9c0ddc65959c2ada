// In the bundle of `once` instead of files.ts (scripts/bundle): a one-shot has nothing else to do while it waits for a file,
// and each turn through Node's threads takes longer than the file does.
// Each by its name: of all that node:fs has, esbuild would copy every name at each start.
import {
  accessSync,
  closeSync,
  existsSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'

/** Rejects with what the function throws: a little later, when whoever asks can have taken notice. */
function promised<A extends readonly unknown[], R>(does: (...given: A) => R): (...given: A) => Promise<R> {
  return (...given) => Promise.resolve(given).then((all) => does(...all))
}

export const access = promised(accessSync)
export const close = promised(closeSync)
export const exists = promised(existsSync)
export const fchown = promised(fchownSync)
export const fstat = promised(fstatSync)
export const fsync = promised(fsyncSync)
export const mkdir = promised(mkdirSync)
export const open = promised(openSync)
export const read = promised(
  (file: number, buffer: Buffer, from: number, length: number, at: number | null) => ({
    bytesRead: readSync(file, buffer, from, length, at),
  }),
)
export const readdir = promised(readdirSync)
export const readFile = promised(readFileSync)
export const rename = promised(renameSync)
export const rm = promised(rmSync)
export const stat = promised(statSync)
export const writeFile = promised(writeFileSync)
