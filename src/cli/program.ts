import { Argument, Command, CommanderError, Help, Option } from 'commander'
import { version } from '../../package.json'
import {
  OPTION_NAMES,
  OPTIONS,
  OPTION_TOPICS,
  type SharedFlags,
  type SharedOption,
} from '../config/options.ts'
import { EXIT, type ExitCode } from '../lib/errors.ts'
import { nearest } from '../lib/nearest.ts'
import { maskToken } from '../lib/secret.ts'
import { OWN_OPTIONS, type OwnFlags, type OwnOption, type OwnOptionEntry } from './options.ts'
import type { Terminal } from './terminal.ts'

/** Runs a command; `command` is itself as commander knows it, with its arguments and its parent. */
type Action = (
  flags: SharedFlags & OwnFlags,
  terminal: Terminal,
  stop: AbortSignal,
  command: Command,
) => Promise<ExitCode>

/** The meaning of exit codes, in a few words each. */
type Exits = Readonly<Record<number, string>>

interface CommandEntry {
  readonly summary: string
  readonly isDefault?: true
  /** Its one argument, which must be one of a few words. */
  readonly argument?: { readonly name: string; readonly words: readonly string[] }
  /** The options that the others do not have. */
  readonly own?: readonly OwnOption[]
  /** In addition to those of every command. */
  readonly exits: Exits
  /** Loads the code of the command, and with it whatever that needs. */
  readonly load: () => Promise<Action>
}

/** Every command: one entry here and one file or folder beside. The help, the pages and the completion are made of it. */
export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  run: {
    summary: 'check and push until stopped (the default)',
    isDefault: true,
    exits: { [EXIT.ok]: 'after a clean stop', [EXIT.locked]: 'another agent runs already (at a terminal)' },
    load: async () => (await import('./run.ts')).run,
  },
  listen: {
    summary: 'run as an event listener of supervisord: no systemd needed',
    exits: { [EXIT.ok]: 'after a clean stop' },
    load: async () => (await import('./listen.ts')).listen,
  },
  once: {
    summary: 'check once, push, exit: for cron or a timer',
    exits: {
      [EXIT.ok]: 'up and delivered',
      [EXIT.down]: 'down and delivered',
      [EXIT.undelivered]: 'not delivered',
      [EXIT.locked]: 'another one-shot is at work',
    },
    load: async () => (await import('./once.ts')).once,
  },
  'check-config': {
    summary: 'print the resolved configuration, secrets masked',
    own: ['json'],
    exits: { [EXIT.ok]: 'right' },
    load: async () => (await import('./check-config.ts')).checkConfig,
  },
  status: {
    summary: 'show what is seen and judged now; pushes nothing',
    own: ['json', 'watch'],
    exits: { [EXIT.ok]: 'all up', [EXIT.unwell]: 'not all up' },
    load: async () => (await import('./status/status.ts')).status,
  },
  provision: {
    summary: 'make the monitors in Kuma and write their tokens here',
    own: ['user', 'passwordFile', 'twoFactorCode', 'hostName', 'per', 'notify', 'notification', 'prune'],
    exits: { [EXIT.ok]: 'done, or nothing to do', [EXIT.undelivered]: 'not, or not all of it' },
    load: async () => (await import('./provision/provision.ts')).provision,
  },
  doctor: {
    summary: 'try every leg of the way; say how to mend what is broken',
    own: ['json', 'push', 'user', 'passwordFile', 'twoFactorCode'],
    exits: { [EXIT.ok]: 'all is well', [EXIT.unwell]: 'not all is well' },
    load: async () => (await import('./doctor/doctor.ts')).doctor,
  },
  completion: {
    summary: 'print what a shell needs to complete the command line',
    argument: { name: 'shell', words: ['bash', 'zsh'] },
    exits: {},
    load: async () => (await import('./completion.ts')).completion,
  },
}

/** The exit codes of every command. */
export const COMMON_EXITS: Exits = {
  [EXIT.usage]: 'wrong usage',
  [EXIT.software]: 'a mistake of the agent',
  [EXIT.config]: 'wrong configuration',
}

/** Runs the command that the arguments of the process ask for; prints what is wrong with them. */
export async function runProgram(
  argv: readonly string[],
  terminal: Terminal,
  stop: AbortSignal,
): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.ok
  const program = createProgram(terminal, stop, (code) => {
    exitCode = code
  })
  try {
    await program.parseAsync(argv)
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
    throw error
  }
}

const PRECEDENCE =
  'Every shared option has a variable: KSP_TOKEN, … Options win over variables, these over the configuration file.'

/** Makes the command line; `onExit` receives the exit code of the command that was asked for. */
export function createProgram(
  terminal: Terminal,
  stop: AbortSignal,
  onExit: (code: ExitCode) => void,
): Command {
  const program = new Command('kuma-supervisor-push')
    .description('Watches supervisord and pushes what it finds to Uptime Kuma.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .showSuggestionAfterError()
    .showHelpAfterError('(--help lists what there is)')
    .exitOverride()
    .configureOutput({
      writeOut: terminal.print,
      writeErr: terminal.printError,
      outputError: (text, write) => write(describeUsageError(text)),
    })
    // Without commander's own list of choices: the text has them.
    .configureHelp({
      helpWidth: 80,
      // In a command's help, its own come first, and then those that it shares, by their topics as in the help of all.
      visibleOptions: (command) => [
        ...new Help().visibleOptions(command),
        ...(command.parent?.options.filter(({ hidden }) => !hidden) ?? []),
      ],
      optionDescription: ({ description }) => description,
      argumentDescription: ({ description }) => description,
    })
  // Options of the program, not of its commands, may stand before a command as well as after it, and the first help has them.
  addSharedOptions(program)
  for (const [name, entry] of Object.entries(COMMANDS)) {
    const command = addCommand(program, name, entry)
    command.action(async () => {
      const unknown = command.args[command.registeredArguments.length]
      if (unknown === 'help') {
        const about = program.commands.find((one) => one.name() === command.args.at(-1))
        ;(about ?? program).outputHelp()
        return
      }
      if (unknown !== undefined) refuse(program, unknown)
      const action = await entry.load()
      onExit(await action(command.optsWithGlobals<SharedFlags & OwnFlags>(), terminal, stop, command))
    })
  }
  return program.addHelpText('after', () => footer(program, null))
}

function addCommand(
  program: Command,
  name: string,
  { summary, isDefault, argument, own = [] }: CommandEntry,
): Command {
  const command = program
    .command(name, { isDefault: isDefault ?? false })
    .summary(summary)
    .description(`${summary[0]?.toUpperCase()}${summary.slice(1)}.`)
    .addHelpText('after', () => footer(program, name))
    .allowExcessArguments(true)
  if (argument !== undefined) {
    command.addArgument(
      new Argument(`<${argument.name}>`, argument.words.join(' or ')).choices(argument.words),
    )
  }
  for (const option of own) command.addOption(ownOption(OWN_OPTIONS[option]))
  return command
}

/** Returns the text below the options in the help of a command, or of all (null). */
function footer(program: Command, name: string | null): string {
  const help = program.createHelp()
  return `\n${[describeExits(name), PRECEDENCE].map((text) => help.boxWrap(text, 80)).join('\n')}`
}

/** Refuses a word that is no command: since `run` is the default, commander takes it for an argument of that. */
function refuse(program: Command, word: string): never {
  const near = nearest(word, Object.keys(COMMANDS))
  // A word that is near no command may be a token.
  const about = near === null ? `"${maskToken(word)}"` : `"${word}"; did you mean "${near}"?`
  program.error(`error: unknown command ${about}`)
}

/** Describes the exit codes of one command, or of all (null). */
function describeExits(name: string | null): string {
  const own =
    name === null
      ? Object.entries(COMMANDS).flatMap(([command, { exits }]) =>
          Object.keys(exits).length === 0 ? [] : `${command} ${listExits(exits)}`,
        )
      : [listExits(COMMANDS[name]?.exits ?? {})]
  return `Exit codes: ${[...own, listExits(COMMON_EXITS)].filter(Boolean).join('; ')}.`
}

function listExits(exits: Exits): string {
  return Object.entries(exits)
    .map(([code, meaning]) => `${code} ${meaning}`)
    .join(', ')
}

/**
 * Puts what commander says of a wrong command line into words for people, without what was given with an unknown option:
 * `--tokn=AWbU…` holds a token.
 */
export function describeUsageError(text: string): string {
  return text
    .replace(/(unknown option '--[^='\s]*)=.*'/s, "$1=…'")
    .replace(/(unknown option '-[^-'])[^']+'/s, "$1…'")
    .replace(
      /command-argument value '(.*)' is invalid for argument '(\w+)'\. Allowed choices are (.*)\./s,
      'no $2 "$1", only: $3',
    )
}

function ownOption({ flag, placeholder, choices, isList, help }: OwnOptionEntry): Option {
  const option = new Option(placeholder === undefined ? flag : `${flag} ${placeholder}`, help)
  if (choices !== undefined) option.choices(choices)
  if (isList) option.argParser(collect)
  return option.helpGroup('This command:')
}

function addSharedOptions(command: Command): void {
  for (const topic of OPTION_TOPICS) {
    for (const name of OPTION_NAMES) {
      const shared: SharedOption = OPTIONS[name]
      if (shared.topic !== topic) continue
      const flags = shared.placeholder === null ? shared.flag : `${shared.flag} ${shared.placeholder}`
      const option = new Option(flags, shared.help).helpGroup(`${topic}:`)
      if (shared.isList) option.argParser(collect)
      command.addOption(option)
    }
  }
}

function collect(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value]
}
