import { resolve } from 'node:path'
import { ConfigError } from '../lib/errors.ts'
import type { LogFormat, LogLevel } from '../lib/log.ts'
import type { Config } from './config.ts'
import { Document } from './document.ts'
import { readTextFile, realFiles, type FileSource } from './files.ts'
import { LoadContext } from './load-context.ts'
import type { SharedFlags } from './options.ts'
import { resolveConfig } from './resolve.ts'
import { describeExposure, secretsOf, type Environment, type Secrets } from './secrets.ts'
import { isTable } from './toml.ts'

/** Read where nothing names a file. */
export const DEFAULT_FILE = '/etc/kuma-supervisor-push/config.toml'

interface LoadRequest {
  /** The shared options as commander read them. */
  readonly flags: SharedFlags
  readonly env: Environment
  /** The user's home folder; empty where there is none. */
  readonly home: string
  /** Read where nothing names a file, if it exists. */
  readonly defaultFile?: string
  readonly files?: FileSource
}

export interface LoadedConfig {
  readonly config: Config
  /** One line each; the agent works in spite of them. */
  readonly warnings: readonly string[]
  /** Why heartbeats and Kuma's intervals cannot work together; one line each, of no meaning to a one-shot. */
  readonly timing: readonly string[]
  /** The file that was read, as the user named it; null where there was none. */
  readonly source: string | null
  /** The marks of all files that were read, by their absolute paths. */
  readonly marks: ReadonlyMap<string, string>
  readonly secrets: Secrets
  readonly dryRun: boolean
  readonly logLevel: LogLevel
  readonly logFormat: LogFormat
}

/**
 * Puts the configuration together: options win over variables, these over the file, and that over the defaults.
 * @throws ConfigError with every problem at once
 */
export async function loadConfig(request: LoadRequest): Promise<LoadedConfig> {
  const { flags, env, home, defaultFile = DEFAULT_FILE } = request
  const marks = new Map<string, string>()
  const context = new LoadContext(flags, env, home, withMarks(request.files ?? realFiles, marks))
  const { problems, warnings } = context
  const document = await openDocument(context, defaultFile)
  const values = document?.read() ?? { kuma: [], agent: [], supervisor: [], monitor: [] }
  const dryRun = context.given('dryRun')?.value ?? false
  const { config, timing } = await resolveConfig(context, values, !dryRun)
  if (!dryRun) refuseNoMonitor(context, document, defaultFile)
  const found = problems.list()
  if (found.length > 0) throw new ConfigError(found)
  return {
    config,
    warnings,
    timing,
    source: document?.name ?? null,
    marks,
    secrets: secretsOf(config),
    dryRun,
    logLevel: context.given('logLevel')?.value ?? 'info',
    logFormat: context.given('logFormat')?.value ?? 'text',
  }
}

const MAX_BYTES = 1024 * 1024

/**
 * Opens the file that an option names, or the default one, which may be missing: null then.
 * @throws ConfigError where it cannot be read or is no TOML, with the problems found so far
 */
async function openDocument(context: LoadContext, defaultFile: string): Promise<Document | null> {
  const { files, env, home, problems, warnings } = context
  const named = context.given('config')
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
  const document = Document.parse(name, reading.text, home, problems)
  if (document === null) throw new ConfigError(problems.list())
  const exposure = holdsSecret(document) ? describeExposure(name, reading.file, env) : null
  if (exposure !== null) warnings.push(exposure)
  return document
}

function holdsSecret({ root: { kuma, supervisor, monitor } }: Document): boolean {
  return [kuma, supervisor, monitor]
    .flat()
    .filter(isTable)
    .some(({ headers, proxy, ...table }) => {
      const isInHeaders = isTable(headers) && Object.values(headers).some((value) => !isTable(value))
      const isInProxy = typeof proxy === 'string' && proxy.includes('@')
      return isInHeaders || isInProxy || ['password', 'token', 'push_url'].some((key) => key in table)
    })
}

function refuseNoMonitor(context: LoadContext, document: Document | null, defaultFile: string): void {
  if (document?.root['monitor'] !== undefined) return
  if (context.placesOf('token', 'tokenFile', 'pushUrl').length > 0) return
  const [label, begin, place] =
    document === null
      ? ['no push token:', '', `write ${defaultFile}`]
      : [`${document.name}:`, 'no push token; ', 'add a [[monitor]]']
  context.problems.add(
    { label, line: 0 },
    `${begin}pass --token or --push-url with what Kuma shows for a push monitor, or ${place}; --dry-run needs none`,
  )
}

/** Notes the mark of each file that is read. */
function withMarks(files: FileSource, marks: Map<string, string>): FileSource {
  return {
    async read(path, maxBytes) {
      const file = await files.read(path, maxBytes)
      marks.set(resolve(path), file.mark)
      return file
    },
    canWriteIn: (folder) => files.canWriteIn(folder),
  }
}
