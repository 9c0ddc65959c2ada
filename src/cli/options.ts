/** One option of single commands. */
export interface OwnOptionEntry {
  readonly flag: `--${string}`
  /** The placeholder of the value in the help; left out for a flag without one. */
  readonly placeholder?: string
  /** The only values there are. */
  readonly choices?: readonly string[]
  /** May be given several times. */
  readonly isList?: true
  /** One line for the help. */
  readonly help: string
}

/** Options of single commands, by the name that commander gives their values; none has a variable. */
export const OWN_OPTIONS = {
  json: { flag: '--json', help: 'print JSON for scripts instead' },
  push: { flag: '--push', help: 'send one true heartbeat for each monitor too' },
  watch: { flag: '--watch', help: 'look again every 2 s until stopped' },
  user: { flag: '--user', placeholder: '<name>', help: 'user of Kuma; asked for on a terminal' },
  passwordFile: {
    flag: '--password-file',
    placeholder: '<file>',
    help: "its password's file; else KSP_KUMA_PASSWORD, or asked",
  },
  twoFactorCode: {
    flag: '--two-factor-code',
    placeholder: '<code>',
    help: 'code of the second factor; asked for where needed',
  },
  hostName: {
    flag: '--host-name',
    placeholder: '<name>',
    help: "group in Kuma, and before each monitor's name",
  },
  per: {
    flag: '--per',
    placeholder: '<what>',
    choices: ['program', 'group', 'host'],
    help: 'what has a monitor: program, group or host [group]',
  },
  notify: {
    flag: '--notify',
    placeholder: '<where>',
    choices: ['host', 'each', 'group', 'none'],
    help: 'what alerts: host, each, group or none [host]',
  },
  notification: {
    flag: '--notification',
    placeholder: '<name>',
    isList: true,
    help: "alerts by it; repeatable [Kuma's default ones]",
  },
  prune: { flag: '--prune', help: 'remove what it made and is no longer wanted' },
} as const satisfies Readonly<Record<string, OwnOptionEntry>>

export type OwnOption = keyof typeof OWN_OPTIONS

/** Their values as commander gives them: texts, lists of texts, and `true` for a flag. */
export type OwnFlags = {
  readonly [N in OwnOption]?:
    | ((typeof OWN_OPTIONS)[N] extends { isList: true }
        ? readonly string[]
        : (typeof OWN_OPTIONS)[N] extends { choices: readonly (infer C)[] }
          ? C
          : (typeof OWN_OPTIONS)[N] extends { placeholder: string }
            ? string
            : boolean)
    | undefined
}
