import { statSync } from 'node:fs'
import { codeOf } from './errors.ts'

/**
 * Whether there is nothing at a path, as where it is below a file; false too where that cannot be known.
 *
 * Synchronous, because one is looked for at each check: through Node's threads it would take a tenfold, and so would an exception.
 */
export function isMissing(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) === undefined
  } catch (error) {
    // Node 20 throws it, those after it do not.
    return codeOf(error) === 'ENOTDIR'
  }
}
