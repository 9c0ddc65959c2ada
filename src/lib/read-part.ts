import { readFileSync } from 'node:fs'
import { codeOf } from './errors.ts'
import { noDescriptors } from './no-descriptors.ts'

/** A file of the agent's own is missing or cut short; says which, and the way out. */
export class NotWhole extends Error {
  constructor(path: string, why: string) {
    super(`the agent is not installed whole: ${path} ${why}: install it again, with all of dist/`)
    // In place of a trace, which is for mistakes in the source.
    this.stack = this.message
  }
}

/**
 * Reads a file that stands beside the bundle. Called by what the build puts in place of undici's own module.
 * @param size in bytes, as it was built
 * @throws {NotWhole} but for a lack of file descriptors, which stays the system's error
 */
export function readPart(path: string, size: number): Buffer {
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch (error) {
    const code = codeOf(error) ?? ''
    // No code: it would be taken for one of the socket that a connection was being opened to.
    throw noDescriptors(code) === null ? new NotWhole(path, `cannot be read (${code})`) : error
  }
  if (bytes.length !== size) throw new NotWhole(path, `has ${bytes.length} bytes instead of ${size}`)
  return bytes
}
