import { parse, TomlError } from 'smol-toml'
import { DEFAULT_FILE } from '../../config/load.ts'
import { OPTIONS, type SharedFlags } from '../../config/options.ts'
import { readTextFile, realFiles, whyNotReplaceable, type FileSource } from '../../config/files.ts'
import { isTable } from '../../config/toml.ts'
import { ConfigError } from '../../lib/errors.ts'

/** The configuration file that is to be written, as it is now. */
export interface OpenFile {
  readonly path: string
  /** Empty where there is no file yet. */
  readonly text: string
  /** `kuma.url` as it stands there; null where it does not. */
  readonly kumaUrl: string | null
  /** How many [[monitor]] it has. */
  readonly monitorCount: number
  /** Whether these are about plain units alone, so that no supervisord is read. */
  readonly hasUnitsOnly: boolean
  /** The files of this host, with another text in the place of this one. */
  readonly filesWith: (text: string) => FileSource
}

const MAX_BYTES = 1024 * 1024

/** @throws {ConfigError} where it cannot be read, or not be written */
export async function openFile(
  flags: SharedFlags,
  env: Readonly<Record<string, string | undefined>>,
  mayWrite: boolean,
): Promise<OpenFile> {
  const home = env['HOME'] ?? ''
  const named = flags.config ?? (env[OPTIONS.config.env]?.trim() || DEFAULT_FILE)
  const path = named.startsWith('~/') && home !== '' ? `${home}${named.slice(1)}` : named
  const reading = await readTextFile(realFiles, path, MAX_BYTES)
  if (reading.kind === 'failed' && reading.code !== 'ENOENT')
    throw new ConfigError([`${path} ${reading.cause}`])
  const why = mayWrite ? await whyNotReplaceable(path) : null
  if (why !== null) throw new ConfigError([`${path} ${why}; nothing was changed`])
  const text = reading.kind === 'text' ? reading.text : ''
  const about = reading.kind === 'text' ? reading.file : { mode: 0o600, uid: 0, gid: 0, mark: '' }
  return {
    path,
    text,
    ...glance(text),
    filesWith: (other) => ({
      ...realFiles,
      read: (file, maxBytes) =>
        file === path
          ? Promise.resolve({ ...about, bytes: Buffer.from(other) })
          : realFiles.read(file, maxBytes),
    }),
  }
}

/** What is wrong with it the loader tells. */
function glance(text: string): Pick<OpenFile, 'kumaUrl' | 'monitorCount' | 'hasUnitsOnly'> {
  const { kuma, monitor } = parsed(text)
  const [first] = [kuma].flat()
  const url = isTable(first) ? first['url'] : null
  const monitors: readonly unknown[] = Array.isArray(monitor) ? monitor : []
  return {
    kumaUrl: typeof url === 'string' ? url : null,
    monitorCount: monitors.length,
    hasUnitsOnly: monitors.length > 0 && monitors.every((one) => isTable(one) && 'unit' in one),
  }
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    return parse(text)
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    return {}
  }
}
