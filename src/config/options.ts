import type { LogFormat, LogLevel } from '../lib/log.ts'
import type { Kind, ValueOf } from './kind.ts'
import { choice, flag, path } from './kind.ts'
import { SCHEMA } from './schema.ts'

/** The headings of the help, in its order. */
export const OPTION_TOPICS = ['Where heartbeats go', 'What is watched', 'When', 'This process'] as const

/** One option that the commands share, with its variable and the key of the file that it stands for. */
export interface SharedOption {
  readonly flag: `--${string}`
  /** What stands for the value in the help; null for a flag without one. */
  readonly placeholder: string | null
  /** May be given several times; each may hold several values between commas. */
  readonly isList?: true
  readonly env: `KSP_${string}`
  /** `table.key` of the file; null where the file has none. */
  readonly key: string | null
  readonly kind: Kind<unknown>
  readonly topic: (typeof OPTION_TOPICS)[number]
  /** One line for the help, at most 50 characters. */
  readonly help: string
}

/** Every shared option, by the name that commander gives its value. */
export const OPTIONS = {
  token: {
    flag: '--token',
    placeholder: '<token>',
    env: 'KSP_TOKEN',
    key: 'monitor.token',
    kind: SCHEMA.monitor.token,
    topic: 'Where heartbeats go',
    help: 'push token of the monitor in Kuma, or its push URL',
  },
  tokenFile: {
    flag: '--token-file',
    placeholder: '<file>',
    env: 'KSP_TOKEN_FILE',
    key: 'monitor.token_file',
    kind: SCHEMA.monitor.token_file,
    topic: 'Where heartbeats go',
    help: 'file that holds the token or the push URL',
  },
  pushUrl: {
    flag: '--push-url',
    placeholder: '<url>',
    env: 'KSP_PUSH_URL',
    key: 'monitor.push_url',
    kind: SCHEMA.monitor.push_url,
    topic: 'Where heartbeats go',
    help: 'whole push URL, as pasted from the page of Kuma',
  },
  kumaUrl: {
    flag: '--kuma-url',
    placeholder: '<url>',
    env: 'KSP_KUMA_URL',
    key: 'kuma.url',
    kind: SCHEMA.kuma.url,
    topic: 'Where heartbeats go',
    help: 'base URL of Kuma [http://127.0.0.1:3001]',
  },
  unit: {
    flag: '--unit',
    placeholder: '<unit>',
    env: 'KSP_UNIT',
    key: 'supervisor.unit',
    kind: SCHEMA.supervisor.unit,
    topic: 'What is watched',
    help: "supervisord's systemd unit, or none [auto]",
  },
  supervisorUrl: {
    flag: '--supervisor-url',
    placeholder: '<url>',
    env: 'KSP_SUPERVISOR_URL',
    key: 'supervisor.url',
    kind: SCHEMA.supervisor.url,
    topic: 'What is watched',
    help: 'unix:///…, http://…, https://… or none [auto]',
  },
  programs: {
    flag: '--programs',
    placeholder: '<globs>',
    isList: true,
    env: 'KSP_PROGRAMS',
    key: 'monitor.programs',
    kind: SCHEMA.monitor.programs,
    topic: 'What is watched',
    help: 'such as celery:*,web; repeatable [all programs]',
  },
  pushEvery: {
    flag: '--push-every',
    placeholder: '<time>',
    env: 'KSP_PUSH_EVERY',
    key: 'agent.push_every',
    kind: SCHEMA.agent.push_every,
    topic: 'When',
    help: "0.4 × the monitor's Heartbeat Interval [24s]",
  },
  checkEvery: {
    flag: '--check-every',
    placeholder: '<time>',
    env: 'KSP_CHECK_EVERY',
    key: 'agent.check_every',
    kind: SCHEMA.agent.check_every,
    topic: 'When',
    help: 'how often to look; a change is pushed at once [5s]',
  },
  schedule: {
    flag: '--schedule',
    placeholder: '<cron>',
    env: 'KSP_SCHEDULE',
    key: 'agent.schedule',
    kind: SCHEMA.agent.schedule,
    topic: 'When',
    help: 'cron expression to push by, for --push-every',
  },
  config: {
    flag: '--config',
    placeholder: '<file>',
    env: 'KSP_CONFIG',
    key: null,
    kind: path,
    topic: 'This process',
    help: 'settings [/etc/kuma-supervisor-push/config.toml]',
  },
  stateFile: {
    flag: '--state-file',
    placeholder: '<file>',
    env: 'KSP_STATE_FILE',
    key: 'agent.state_file',
    kind: SCHEMA.agent.state_file,
    topic: 'This process',
    help: 'memory between runs',
  },
  dryRun: {
    flag: '--dry-run',
    placeholder: null,
    env: 'KSP_DRY_RUN',
    key: null,
    kind: flag,
    topic: 'This process',
    help: 'print what would be pushed or changed, do neither',
  },
  logLevel: {
    flag: '--log-level',
    placeholder: '<level>',
    env: 'KSP_LOG_LEVEL',
    key: null,
    kind: choice<LogLevel>('debug', 'info', 'warn', 'error'),
    topic: 'This process',
    help: 'debug, info, warn or error [info]',
  },
  logFormat: {
    flag: '--log-format',
    placeholder: '<format>',
    env: 'KSP_LOG_FORMAT',
    key: null,
    kind: choice<LogFormat>('text', 'json'),
    topic: 'This process',
    help: 'text or json [text]',
  },
} as const satisfies Readonly<Record<string, SharedOption>>

/** Variables that are no option's: what they hold must not stand in a command line. */
export const OTHER_VARIABLES = { kumaPassword: 'KSP_KUMA_PASSWORD' } as const

export type OptionName = keyof typeof OPTIONS

/** The options in the order of the help. */
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the table above is a constant: it has no other keys
export const OPTION_NAMES = Object.keys(OPTIONS) as OptionName[]

/** What commander makes of the shared options: texts, lists of texts, and `true` for a flag. */
export type SharedFlags = {
  readonly [N in OptionName]?:
    | ((typeof OPTIONS)[N] extends { isList: true }
        ? readonly string[]
        : (typeof OPTIONS)[N]['placeholder'] extends null
          ? boolean
          : string)
    | undefined
}

/** What an option's kind makes of its text. */
export type OptionValue<N extends OptionName> = ValueOf<(typeof OPTIONS)[N]['kind']>
