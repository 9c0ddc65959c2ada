import type { LoadedConfig } from '../../src/config/load.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { SharedFlags } from '../../src/config/options.ts'
import { ConfigError } from '../../src/lib/errors.ts'
import type { MemoryFile } from './memory-files.ts'
import { memoryFiles } from './memory-files.ts'

interface LoadTextRequest {
  flags?: SharedFlags
  env?: Readonly<Record<string, string>>
  /** Other files than `config.toml`. */
  files?: Readonly<Record<string, MemoryFile>>
  writable?: readonly string[]
}

/** Loads a configuration whose file is `config.toml`; null is no file. */
export function loadText(toml: MemoryFile | null, request: LoadTextRequest = {}): Promise<LoadedConfig> {
  const { flags = {}, env = {}, files = {}, writable } = request
  return loadConfig({
    flags,
    env,
    home: '/home/kay',
    defaultFile: 'config.toml',
    files: memoryFiles(toml === null ? files : { ...files, 'config.toml': toml }, writable),
  })
}

/** The problems of a configuration; empty when it loads. */
export async function problemsOf(
  toml: MemoryFile | null,
  request: LoadTextRequest = {},
): Promise<readonly string[]> {
  try {
    await loadText(toml, request)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}
