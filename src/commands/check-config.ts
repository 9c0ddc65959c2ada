import { bestIntervalSeconds } from '../config/check-timing.ts'
import { describeConfig } from '../config/describe-config.ts'
import type { SharedFlags } from '../config/options.ts'
import { rhythmOf } from '../config/rhythm.ts'
import { EXIT, type ExitCode } from '../errors.ts'
import { load, type Terminal } from './load.ts'

/** `check-config`: prints the resolved configuration with the secrets masked. */
export async function checkConfig(flags: SharedFlags, terminal: Terminal): Promise<ExitCode> {
  const { loaded, log } = await load(flags, terminal)
  for (const warning of loaded.timing) log.warn(warning)
  terminal.print(
    `# ${loaded.source ?? 'no configuration file'}, with the options, variables and defaults in force\n`,
  )
  const rhythm = await rhythmOf(loaded.config.agent)
  terminal.print(
    `# In Kuma: Heartbeat Interval ${bestIntervalSeconds(rhythm.everyMs)}, for ${rhythm.name}; ` +
      `${bestIntervalSeconds(60_000)} for \`once\` every minute by cron, ` +
      `${bestIntervalSeconds(300_000)} every 5 minutes. Retries 0, Resend 0, Upside Down off.\n\n`,
  )
  terminal.print(describeConfig(loaded.config))
  return EXIT.ok
}
