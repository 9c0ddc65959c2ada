import { describeConfig } from '../config/describe-config.ts'
import type { SharedFlags } from '../config/options.ts'
import { EXIT, type ExitCode } from '../errors.ts'
import { load, type Terminal } from './load.ts'

/** `check-config`: prints the resolved configuration with the secrets masked. */
export async function checkConfig(flags: SharedFlags, terminal: Terminal): Promise<ExitCode> {
  const { loaded } = await load(flags, terminal)
  terminal.print(
    `# ${loaded.source ?? 'no configuration file'}, with the options, variables and defaults in force\n`,
  )
  terminal.print(describeConfig(loaded.config))
  return EXIT.ok
}
