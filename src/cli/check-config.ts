import { printableJson } from '../lib/text.ts'
import { version } from '../../package.json'
import { configTables, describeConfig } from '../config/describe.ts'
import type { LoadedConfig } from '../config/load.ts'
import type { SharedFlags } from '../config/options.ts'
import { bestIntervalSeconds, rhythmOf, type Rhythm } from '../config/timing.ts'
import { EXIT, type ExitCode } from '../lib/errors.ts'
import { load } from './load.ts'
import type { Terminal } from './terminal.ts'
import type { OwnFlags } from './options.ts'

/** `check-config`: prints the resolved configuration with the secrets masked, as TOML or as JSON. */
export async function checkConfig(flags: SharedFlags & OwnFlags, terminal: Terminal): Promise<ExitCode> {
  const { loaded, log } = await load(flags, terminal)
  for (const warning of loaded.timing) log.warn(warning)
  const rhythm = await rhythmOf(loaded.config.agent)
  terminal.print(flags.json === true ? asJson(loaded, rhythm) : asToml(loaded, rhythm))
  return EXIT.ok
}

const RUNS_BY_CRON = { once_every_minute: 60_000, once_every_5_minutes: 300_000 } as const

function asToml({ source, config }: LoadedConfig, { everyMs, name }: Rhythm): string {
  return (
    `# ${source ?? 'no configuration file'}, with the options, variables and defaults in force\n` +
    `# In Kuma: Retries 0, Resend 0, Upside Down off, and Heartbeat Interval\n` +
    `#   ${bestIntervalSeconds(everyMs)} for ${name}\n` +
    `#   ${bestIntervalSeconds(RUNS_BY_CRON.once_every_minute)} for \`once\` by cron every minute, ` +
    `${bestIntervalSeconds(RUNS_BY_CRON.once_every_5_minutes)} every 5 minutes\n\n${describeConfig(config)}`
  )
}

/** The stable form for scripts; see the README. */
function asJson({ source, config, warnings, timing }: LoadedConfig, { everyMs }: Rhythm): string {
  const shown = {
    version,
    source,
    warnings: [...warnings, ...timing],
    heartbeat_interval: {
      run: bestIntervalSeconds(everyMs),
      once_every_minute: bestIntervalSeconds(RUNS_BY_CRON.once_every_minute),
      once_every_5_minutes: bestIntervalSeconds(RUNS_BY_CRON.once_every_5_minutes),
    },
    ...configTables(config),
  }
  return `${printableJson(shown, 2)}\n`
}
