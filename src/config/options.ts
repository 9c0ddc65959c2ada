import type { LogFormat, LogLevel } from '../lib/log.ts'
import { nearest } from '../lib/nearest.ts'
import { expandHome, readValue, type Given, type Problems } from './given.ts'
import { SCHEMA, type TableName } from './schema.ts'
import type { Environment } from './secrets.ts'
import { choice, flag, path, type Kind, type ValueOf } from './values.ts'

const KUMA = 'Where heartbeats go'
const WATCHED = 'What is watched'
const WHEN = 'When'
const PROCESS = 'This process'

/** The headings of the help, in its order. */
export const OPTION_TOPICS = [KUMA, WATCHED, WHEN, PROCESS] as const

/** The options that all commands share, by the name that commander gives their values, in the order of the help. */
const ENTRIES = {
  token: of('monitor', 'token', KUMA, '<token>', 'push token of the monitor in Kuma, or its push URL'),
  tokenFile: of('monitor', 'token_file', KUMA, '<file>', 'file that holds the token or the push URL'),
  pushUrl: of('monitor', 'push_url', KUMA, '<url>', 'whole push URL, as pasted from the page of Kuma'),
  kumaUrl: of('kuma', 'url', KUMA, '<url>', 'base URL of Kuma [http://127.0.0.1:3001]'),
  unit: of('supervisor', 'unit', WATCHED, '<unit>', "supervisord's systemd unit, or none [auto]"),
  supervisorUrl: of('supervisor', 'url', WATCHED, '<url>', 'unix:///…, http://…, https://… or none [auto]'),
  programs: {
    ...of('monitor', 'programs', WATCHED, '<globs>', 'such as celery:*,web; repeatable [all programs]'),
    isList: true,
  },
  pushEvery: of('agent', 'push_every', WHEN, '<time>', "0.4 × the monitor's Heartbeat Interval [24s]"),
  checkEvery: of(
    'agent',
    'check_every',
    WHEN,
    '<time>',
    'how often to look; a change is pushed at once [5s]',
  ),
  schedule: of('agent', 'schedule', WHEN, '<cron>', 'cron expression to push by, for --push-every'),
  config: own(path, '<file>', 'settings [/etc/kuma-supervisor-push/config.toml]'),
  stateFile: of('agent', 'state_file', PROCESS, '<file>', 'memory between runs'),
  dryRun: own(flag, null, 'print what would be pushed or changed, do neither'),
  logLevel: own(
    choice<LogLevel>('debug', 'info', 'warn', 'error'),
    '<level>',
    'debug, info, warn or error [info]',
  ),
  logFormat: own(choice<LogFormat>('text', 'json'), '<format>', 'text or json [text]'),
} as const

/** One option that the commands share, with its variable and the key of the file that it stands for. */
export interface SharedOption {
  readonly flag: `--${string}`
  readonly env: `KSP_${string}`
  readonly topic: (typeof OPTION_TOPICS)[number]
  /** `table.key` of the file; null where the file has none. */
  readonly key: string | null
  readonly kind: Kind<unknown>
  /** Stands for the value in the help; null for a flag without one. */
  readonly placeholder: string | null
  /** May be given several times; each may hold several values between commas. */
  readonly isList?: boolean
  /** One line for the help, at most 52 characters. */
  readonly help: string
}

export type OptionName = keyof typeof ENTRIES

/** The options in the order of the help. */
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the table is a constant: it has no other keys
export const OPTION_NAMES = Object.keys(ENTRIES) as OptionName[]

/** Every shared option, by its name. Its flag and its variable are made of the name: `--push-every`, `KSP_PUSH_EVERY`. */
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as above
export const OPTIONS = Object.fromEntries(
  OPTION_NAMES.map((name) => {
    const words = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
    const env = `KSP_${words.replaceAll('-', '_').toUpperCase()}`
    return [name, { flag: `--${words}`, env, ...ENTRIES[name] }]
  }),
) as Record<OptionName, SharedOption>

/** Variables that are no option's: what they hold must not stand in a command line. */
export const OTHER_VARIABLES = { kumaPassword: 'KSP_KUMA_PASSWORD' } as const

/** The shared options as commander reads them: texts, lists of texts, and `true` for a flag. */
export type SharedFlags = {
  readonly [N in OptionName]?:
    | ((typeof ENTRIES)[N] extends { isList: true }
        ? readonly string[]
        : (typeof ENTRIES)[N]['placeholder'] extends null
          ? boolean
          : string)
    | undefined
}

/** An option that stands for a key of the file. */
function of<T extends TableName, K extends keyof (typeof SCHEMA)[T] & string>(
  table: T,
  key: K,
  topic: SharedOption['topic'],
  placeholder: string,
  help: string,
) {
  return { key: `${table}.${key}`, topic, kind: SCHEMA[table][key], placeholder, help }
}

/** An option about the process, which the file does not have. */
function own<K extends Kind<unknown>, P extends string | null>(kind: K, placeholder: P, help: string) {
  return { key: null, topic: PROCESS, kind, placeholder, help }
}

/** The values of one source, command line or environment, by option. */
export type OptionValues = { readonly [N in OptionName]?: Given<ValueOf<(typeof ENTRIES)[N]['kind']>> }

/** Reads the options of the command line. */
export function readFlags(flags: SharedFlags, home: string, problems: Problems): OptionValues {
  return readOptions('flag', (name) => flags[name], home, problems)
}

/** Reads the variables that stand for options. An empty one counts as not set. */
export function readEnvironment(env: Environment, home: string, problems: Problems): OptionValues {
  return readOptions('env', (name) => env[OPTIONS[name].env]?.trim() || undefined, home, problems)
}

function readOptions(
  label: 'flag' | 'env',
  find: (name: OptionName) => unknown,
  home: string,
  problems: Problems,
): OptionValues {
  const values: Record<string, Given<unknown>> = {}
  for (const name of OPTION_NAMES) {
    const { [label]: shown, isList, kind } = OPTIONS[name]
    const found = find(name)
    if (found === undefined) continue
    const place = { label: `${shown}:`, line: 0 }
    const input = isList === true ? splitList(found) : found
    // A relative path from a shell starts where the shell is, which the file system does by itself.
    const absolute = (file: string) => expandHome(file, home)
    values[name] = readValue(kind, input, absolute, () => place, problems)
  }
  return values
}

function splitList(found: unknown): string[] {
  return [found]
    .flat()
    .flatMap((text) => String(text).split(','))
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

/** Returns a warning for each variable that looks like ours and is none. */
export function unknownVariables(env: Environment): string[] {
  const ours = [...OPTION_NAMES.map((name) => OPTIONS[name].env), ...Object.values(OTHER_VARIABLES)]
  const known = ours.map((name) => name.replace('KSP_', ''))
  return Object.keys(env).flatMap((name) => {
    const word = name.replace('KSP_', '')
    if (!name.startsWith('KSP_') || known.includes(word)) return []
    const near = nearest(word, known)
    return `${name}: unknown variable${near === null ? '' : `; did you mean KSP_${near}?`}`
  })
}
