import { dirname } from 'node:path'
import { codeOf } from './errors.ts'
import { mkdir } from './files.ts'

/** Makes a folder for this user alone, and those above it. Not by `recursive`, which goes round in circles for ever below /proc. */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, 0o700)
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return
    if (codeOf(error) !== 'ENOENT' || dirname(path) === path) throw error
    await makeFolder(dirname(path))
    await mkdir(path, 0o700)
  }
}
