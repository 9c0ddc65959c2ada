import type { Given } from '../lib/place.ts'
import type { Problems } from './problems.ts'
import type { OptionName } from './options.ts'
import type { OptionValues } from './read-options.ts'
import type { FileSource } from './files.ts'
import { readSecretFile, whyNotUsable, type Environment } from './secrets.ts'

/** What every part of loading shares. */
export interface LoadContext {
  readonly files: FileSource
  readonly env: Environment
  /** The user's home folder; empty where there is none. */
  readonly home: string
  readonly problems: Problems
  /** One line each, added to as they are found. */
  readonly warnings: string[]
  /** The sources that win over the file, the first one most. */
  readonly layers: readonly OptionValues[]
}

/** Gives an option's value from the command line, else from the environment, else from the file. */
export function firstGiven<N extends OptionName>(
  { layers }: LoadContext,
  name: N,
  inFile?: OptionValues[N],
): OptionValues[N] | undefined {
  return layers.find((layer) => layer[name] !== undefined)?.[name] ?? inFile
}

/** Where an option was given outside the file, wrong ones included. */
export function placesOf({ layers }: LoadContext, ...names: OptionName[]): Given<unknown>['place'][] {
  return layers.flatMap((layer) => names.flatMap((name) => layer[name]?.place ?? []))
}

/** Tells of options that could be about any of the file's tables of a kind, where there are several. */
export function refuseAmbiguous(
  context: LoadContext,
  { heading, count }: { readonly heading: string; readonly count: number },
  ...names: OptionName[]
): void {
  if (count < 2) return
  for (const place of placesOf(context, ...names)) {
    context.problems.add(place, `cannot tell which of ${count} ${heading} is meant; change it in the file`)
  }
}

/**
 * Returns the secret that a file holds; null after telling why there is none.
 * @param isNeeded false turns a file that cannot be read into a warning
 */
export async function readSecret(
  { files, env, problems, warnings }: LoadContext,
  { place, value: path }: Given<string>,
  isNeeded = true,
): Promise<string | null> {
  if (path === null) return null
  const reading = await readSecretFile(files, path, env)
  if (reading.kind === 'secret') {
    if (reading.exposure !== null) warnings.push(reading.exposure)
    return reading.secret
  }
  if (reading.kind === 'unreadable' && !isNeeded) warnings.push(`${place.label} ${reading.cause}`)
  else problems.add(place, reading.cause)
  return null
}

/** Tells of the file of a certificate or a key that is of no use. */
export async function checkUsable(
  { files, problems }: LoadContext,
  file: Given<string> | undefined,
): Promise<void> {
  if (file === undefined || file.value === null) return
  const cause = await whyNotUsable(files, file.value)
  if (cause !== null) problems.add(file.place, cause)
}
