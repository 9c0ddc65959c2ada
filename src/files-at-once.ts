// In the bundle of `once` instead of files.ts (scripts/bundle): a one-shot has nothing else to do while it waits for a file,
// and each turn through Node's threads takes longer than the file does.
import * as fs from 'node:fs'

/** Rejects with what the function throws: a little later, when whoever asks can have taken notice. */
function promised<A extends readonly unknown[], R>(does: (...given: A) => R): (...given: A) => Promise<R> {
  return (...given) => Promise.resolve(given).then((all) => does(...all))
}

export const access = promised(fs.accessSync)
export const close = promised(fs.closeSync)
export const fchown = promised(fs.fchownSync)
export const fstat = promised(fs.fstatSync)
export const fsync = promised(fs.fsyncSync)
export const mkdir = promised(fs.mkdirSync)
export const open = promised(fs.openSync)
export const read = promised(
  (file: number, buffer: Buffer, from: number, length: number, at: number | null) => ({
    bytesRead: fs.readSync(file, buffer, from, length, at),
  }),
)
export const readdir = promised(fs.readdirSync)
export const readFile = promised(fs.readFileSync)
export const rename = promised(fs.renameSync)
export const rm = promised(fs.rmSync)
export const stat = promised(fs.statSync)
export const writeFile = promised(fs.writeFileSync)
