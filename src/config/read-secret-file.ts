import { describeExposure } from './exposure.ts'
import type { LoadContext } from './load-context.ts'
import type { Given } from '../lib/place.ts'
import { readTextFile } from './text-file.ts'

const MAX_BYTES = 64 * 1024

// \p{Cc}, which V8 takes a millisecond to look up at its first use.
// oxlint-disable-next-line no-control-regex -- to be refused
const CONTROL = /[\x00-\x1f\x7f-\x9f]/

/**
 * Reads a file that holds one secret, without the white space around it; null after telling why there is none.
 * @param isNeeded false turns a file that is missing or closed to us into a warning
 */
export async function readSecretFile(
  { files, env, problems, warnings }: Pick<LoadContext, 'files' | 'env' | 'problems' | 'warnings'>,
  { place, value: path }: Given<string>,
  isNeeded: boolean,
): Promise<string | null> {
  if (path === null) return null
  const reading = await readTextFile(files, path, MAX_BYTES)
  if (reading.kind === 'failed') {
    const what = `${path} ${reading.cause}`
    if (isNeeded) problems.add(place, what)
    else warnings.push(`${place.label} ${what}`)
    return null
  }
  const secret = reading.text.trim()
  if (secret === '') problems.add(place, `${path} is empty`)
  else if (CONTROL.test(secret)) problems.add(place, `${path} must hold one line`)
  else {
    const exposure = describeExposure(path, reading.file, env)
    if (exposure !== null) warnings.push(exposure)
    return secret
  }
  return null
}
