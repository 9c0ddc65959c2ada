import { loadConfig, type LoadedConfig } from '../config/load.ts'
import type { SharedFlags } from '../config/options.ts'
import type { FileSource } from '../config/files.ts'
import { createLog, type Log } from '../lib/log.ts'
import { createMask } from '../lib/secret.ts'
import type { Terminal } from './terminal.ts'

/** A configuration with the log that it wants. */
export interface Loaded {
  readonly loaded: LoadedConfig
  readonly log: Log
  /** Masks its secrets in any text. */
  readonly mask: (text: string) => string
}

/** Loads the configuration and prints its warnings on standard error. */
export async function load(flags: SharedFlags, terminal: Terminal, files?: FileSource): Promise<Loaded> {
  const { env, printError, hide } = terminal
  const loaded = await loadConfig({ flags, env, home: env['HOME'] ?? '', ...(files && { files }) })
  const { logLevel: level, logFormat: format, secrets, warnings } = loaded
  const mask = createMask(secrets)
  hide(mask)
  const log = createLog({ level, format, write: printError, now: () => Date.now(), mask })
  for (const warning of warnings) log.warn(warning)
  if ((flags.token !== undefined || flags.pushUrl !== undefined) && !terminal.isInteractive) {
    log.warn(
      'every user of this host can see the token with ps: pass it by --token-file, KSP_TOKEN or the config file',
    )
  }
  return { loaded, log, mask }
}
