import { statSync } from 'node:fs'

/**
 * Whether there is nothing at a path; false too where that cannot be known, and where it is below a file.
 *
 * Synchronous, because one is looked for at each check: through Node's threads it would take a tenfold, and so would an exception.
 */
export function isMissing(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) === undefined
  } catch {
    return false
  }
}
