import { loadConfig, type LoadedConfig } from '../config/load.ts'
import type { SharedFlags } from '../config/options.ts'
import type { FileSource } from '../config/files.ts'
import { createLog, type Log } from '../lib/log.ts'
import { createMask } from '../lib/secret.ts'
import type { EventPipes } from '../collect/supervisor/answer-events.ts'

/** The process's own streams and variables, given by `cli.ts`. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly print: (text: string) => void
  readonly printError: (text: string) => void
  /** Standard input, and output as it is: nothing is hidden in it. */
  readonly pipes: EventPipes
  /** From now on, whatever is printed goes through this, a crash included. */
  readonly hide: (mask: (text: string) => string) => void
  /** Whether a person runs this at a terminal. */
  readonly isInteractive: boolean
  /** Asks that person; what is typed as a secret is not shown. Null when the answer is none: Ctrl-C, Ctrl-D. */
  readonly ask: (question: string, isSecret: boolean) => Promise<string | null>
  /** Whether standard output is a terminal. */
  readonly isScreen: boolean
  /** Hands over exceptions that nobody has caught; the process ends by one that the listener does not take. */
  readonly onFault: (listener: (error: unknown) => boolean) => void
  /**
   * Has a stop of the process, which would else end it by force after a moment, wait until what it gives is called; null where
   * none was asked for.
   */
  readonly holdStop: () => (() => void) | null
  /** The size of that terminal now; nulls where it has none. */
  readonly screenSize: () => { readonly columns: number | null; readonly rows: number | null }
  /** Calls back at every such signal to the process, until what it gives is called. */
  readonly onSignal: (signal: 'SIGUSR1' | 'SIGHUP' | 'SIGWINCH', listener: () => void) => () => void
}

/** A configuration with the log that it wants. */
export interface Loaded {
  readonly loaded: LoadedConfig
  readonly log: Log
  /** Masks its secrets in texts of others. */
  readonly mask: (text: string) => string
}

/** Loads the configuration and says on standard error what is doubtful about it. */
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
