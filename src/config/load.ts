import { isAbsolute, join, resolve as resolvePath } from 'node:path'
import { ConfigError } from '../lib/errors.ts'
import type { LogFormat, LogLevel } from '../lib/log.ts'
import type { Config } from './config.ts'
import type { Document } from './document.ts'
import type { LoadContext } from './load-context.ts'
import { firstGiven, placesOf } from './load-context.ts'
import { openDocument } from './open-document.ts'
import type { SharedFlags } from './options.ts'
import { createProblems } from './problems.ts'
import { readDocument } from './read-document.ts'
import { readEnvironment, readFlags, unknownVariables } from './read-options.ts'
import { resolveAgent } from './resolve-agent.ts'
import { keepUsedKumas, resolveKumas } from './resolve-kuma.ts'
import { resolveMonitors } from './resolve-monitors.ts'
import { checkInterval, checkTimeouts, rhythmOf } from './timing.ts'
import { keepUsed, resolveSupervisors } from './resolve-supervisors.ts'
import { secretsOf, type Environment, type Secrets } from './secrets.ts'
import { realFiles, type FileSource } from './files.ts'

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
  const files = marking(request.files ?? realFiles, marks)
  const problems = createProblems()
  // A relative path from a shell starts where the shell is, which the file system does by itself.
  const fromShell = (path: string) => expandHome(path, home)
  const layers = [readFlags(flags, fromShell, problems), readEnvironment(env, fromShell, problems)]
  const context: LoadContext = { files, env, home, problems, warnings: unknownVariables(env), layers }
  const document = await openDocument(context, defaultFile)
  const dryRun = firstGiven(context, 'dryRun')?.value ?? false
  const { config, timing } = await resolve(context, document, { needsToken: !dryRun, defaultFile })
  const found = problems.list()
  if (found.length > 0) throw new ConfigError(found)
  return {
    config,
    warnings: context.warnings,
    timing,
    source: document?.name ?? null,
    marks,
    secrets: secretsOf(config),
    dryRun,
    logLevel: firstGiven(context, 'logLevel')?.value ?? 'info',
    logFormat: firstGiven(context, 'logFormat')?.value ?? 'text',
  }
}

async function resolve(
  context: LoadContext,
  document: Document | null,
  { needsToken, defaultFile }: { needsToken: boolean; defaultFile: string },
): Promise<Pick<LoadedConfig, 'config' | 'timing'>> {
  const { problems, home } = context
  const fromFile = (path: string) => {
    const expanded = expandHome(path, home)
    return isAbsolute(expanded) ? expanded : join(document?.folder ?? '', expanded)
  }
  const values = readDocument(document, fromFile, problems)
  const agent = await resolveAgent(context, values.agent[0]?.values ?? {})
  const rhythm = await rhythmOf(agent)
  const kumas = await resolveKumas(context, values.kuma, rhythm.everyMs)
  const supervisors = await resolveSupervisors(context, values.supervisor)
  const monitors = await resolveMonitors(context, {
    entries: values.monitor,
    supervisors,
    kumas,
    needsToken,
  })
  const isAnyMonitor =
    document?.root['monitor'] !== undefined || placesOf(context, 'token', 'tokenFile', 'pushUrl').length > 0
  if (needsToken && !isAnyMonitor) {
    const [label, place] =
      document === null
        ? ['no push token:', `write ${defaultFile}`]
        : [`${document.name}:`, 'add a [[monitor]]']
    problems.add(
      { label, line: 0 },
      `${document === null ? '' : 'no push token; '}pass --token or --push-url with what Kuma shows for a push monitor, or ${place}; --dry-run needs none`,
    )
  }
  const config = {
    kumas: keepUsedKumas(context, kumas, values.kuma, monitors),
    agent,
    supervisors: keepUsed(context, supervisors, values.supervisor, monitors),
    monitors,
  }
  const intervals = values.monitor.flatMap((entry) => entry.values.kuma_interval ?? [])
  const timing = intervals.flatMap(({ place, value }) =>
    value === null ? [] : (checkInterval(place.label, value, rhythm) ?? []),
  )
  return { config, timing: timing.length > 0 ? timing : checkTimeouts(config, rhythm) }
}

/** Takes down the mark of each file that is read. */
function marking(files: FileSource, marks: Map<string, string>): FileSource {
  return {
    async read(path, maxBytes) {
      const file = await files.read(path, maxBytes)
      marks.set(resolvePath(path), file.mark)
      return file
    },
    canWriteIn: (folder) => files.canWriteIn(folder),
  }
}

function expandHome(path: string, home: string): string {
  return path.startsWith('~/') && home !== '' ? join(home, path.slice(2)) : path
}
