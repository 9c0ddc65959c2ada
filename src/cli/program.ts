import { Argument, Command, Help, Option } from 'commander'
import { version } from '../../package.json'
import { nearest } from '../lib/nearest.ts'
import {
  OPTION_NAMES,
  OPTIONS,
  OPTION_TOPICS,
  type SharedFlags,
  type SharedOption,
} from '../config/options.ts'
import type { ExitCode } from '../lib/errors.ts'
import { maskToken } from '../lib/secret.ts'
import { COMMANDS } from './commands.ts'
import { describeExits } from './describe-exits.ts'
import { describeUsageError } from './describe-usage-error.ts'
import type { Terminal } from './load.ts'
import { OWN_OPTIONS, type OwnFlags, type OwnOptionEntry } from './own-options.ts'

const PRECEDENCE =
  'Every shared option has a variable: KSP_TOKEN, … Options win over variables, these over the configuration file.'

/** The command line; `onExit` receives the exit code of the command that was asked for. */
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
  // Theirs, not the commands': so they may stand before a command as well as after it, and the first help shows them.
  addSharedOptions(program)
  for (const [name, { summary, isDefault, argument, own = [], load }] of Object.entries(COMMANDS)) {
    const command = program
      .command(name, { isDefault: isDefault ?? false })
      .summary(summary)
      .description(`${summary[0]?.toUpperCase()}${summary.slice(1)}.`)
      .addHelpText('after', () => footer(program, name))
      .allowExcessArguments(true)
      .action(async () => {
        const unknown = command.args[command.registeredArguments.length]
        if (unknown === 'help') {
          const about = program.commands.find((one) => one.name() === command.args.at(-1))
          ;(about ?? program).outputHelp()
          return
        }
        if (unknown !== undefined) refuse(program, unknown)
        const action = await load()
        onExit(await action(command.optsWithGlobals<SharedFlags & OwnFlags>(), terminal, stop, command))
      })
    if (argument !== undefined) {
      command.addArgument(
        new Argument(`<${argument.name}>`, argument.words.join(' or ')).choices(argument.words),
      )
    }
    for (const option of own) command.addOption(ownOption(OWN_OPTIONS[option]))
  }
  return program.addHelpText('after', () => footer(program, null))
}

/** What stands below the options in the help of a command, or in the one of all. */
function footer(program: Command, name: string | null): string {
  const help = program.createHelp()
  return `\n${[describeExits(name), PRECEDENCE].map((text) => help.boxWrap(text, 80)).join('\n')}`
}

/** Since `run` is the default, commander takes any other word for an argument of it. */
function refuse(program: Command, word: string): never {
  const near = nearest(word, Object.keys(COMMANDS))
  // A word that is near no command may be a token.
  const said = near === null ? `"${maskToken(word)}"` : `"${word}"; did you mean "${near}"?`
  program.error(`error: unknown command ${said}`)
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
