import { ConfigError } from '../lib/errors.ts'
import type { Document } from './document.ts'
import { parseDocument } from './document.ts'
import { isTable } from './toml.ts'
import type { LoadContext } from './load-context.ts'
import { firstGiven } from './load-context.ts'
import { readTextFile } from './files.ts'
import { describeExposure } from './secrets.ts'

const MAX_BYTES = 1024 * 1024

/**
 * Opens the file that an option names, or the default one, which may be missing: null then.
 * @throws ConfigError where it cannot be read or is no TOML, with the problems found so far
 */
export async function openDocument(context: LoadContext, defaultFile: string): Promise<Document | null> {
  const { files, env, problems, warnings } = context
  const named = firstGiven(context, 'config')
  const name = named === undefined ? defaultFile : named.value
  if (name === null) throw new ConfigError(problems.list())
  const reading = await readTextFile(files, name, MAX_BYTES)
  if (reading.kind === 'failed') {
    if (named === undefined && reading.code === 'ENOENT') return null
    if (named !== undefined) problems.add(named.place, `${name} ${reading.cause}`)
    else
      problems.add({ label: name, line: 0 }, `${reading.cause}; --config takes another (/dev/null is none)`)
    throw new ConfigError(problems.list())
  }
  const document = parseDocument(name, reading.text, problems)
  if (document === null) throw new ConfigError(problems.list())
  const exposure = holdsSecret(document) ? describeExposure(name, reading.file, env) : null
  if (exposure !== null) warnings.push(exposure)
  return document
}

function holdsSecret({ root: { kuma, supervisor, monitor } }: Document): boolean {
  const tables = [kuma, supervisor, monitor].flat().filter(isTable)
  return tables.some(
    (table) =>
      ['password', 'token', 'push_url'].some((key) => key in table) ||
      holdsValue(table['headers']) ||
      (typeof table['proxy'] === 'string' && table['proxy'].includes('@')),
  )
}

/** Tells a table with a value of its own from one of names of files. */
function holdsValue(table: unknown): boolean {
  return isTable(table) && Object.values(table).some((value) => !isTable(value))
}
