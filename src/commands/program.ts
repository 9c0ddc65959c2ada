import { Command, Option } from 'commander'
import { version } from '../../package.json'
import { nearest } from '../config/nearest.ts'
import {
  OPTION_NAMES,
  OPTIONS,
  OPTION_TOPICS,
  type SharedFlags,
  type SharedOption,
} from '../config/options.ts'
import type { ExitCode } from '../errors.ts'
import { maskToken } from '../secret.ts'
import { describeUsageError } from './describe-usage-error.ts'
import type { Terminal } from './load.ts'
import { OWN_OPTIONS, type OwnFlags, type OwnOption } from './own-options.ts'

type Action = (flags: SharedFlags & OwnFlags, terminal: Terminal, stop: AbortSignal) => Promise<ExitCode>

interface CommandEntry {
  readonly summary: string
  readonly isDefault?: true
  /** Options that the others do not have. */
  readonly own?: readonly OwnOption[]
  /** Loads the command's code, and with it whatever that needs. */
  readonly load: () => Promise<Action>
}

/** Every command: one line here and one file beside. */
const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  run: {
    summary: 'check and push until stopped (the default)',
    isDefault: true,
    load: async () => (await import('./run.ts')).run,
  },
  once: {
    summary: 'check once, push, exit: for cron or a timer',
    load: async () => (await import('./once.ts')).once,
  },
  'check-config': {
    summary: 'print the resolved configuration, secrets masked',
    own: ['json'],
    load: async () => (await import('./check-config.ts')).checkConfig,
  },
  status: {
    summary: 'show what is seen and judged now; pushes nothing',
    own: ['json', 'watch'],
    load: async () => (await import('./status.ts')).status,
  },
  doctor: {
    summary: 'try every leg of the way; say how to mend what is broken',
    own: ['json', 'push'],
    load: async () => (await import('./doctor.ts')).doctor,
  },
}

const EXIT_CODES = `
Exit codes: run 0 after a clean stop; once 0 up and delivered, 1 down and
delivered, 69 not delivered, 75 another one-shot is at work; status 0 all up,
1 not; doctor 0 all is well, 1 not; 64 wrong usage, 70 a mistake of the agent,
78 wrong configuration. Every shared option has a variable: KSP_TOKEN, …
Options win over variables, these over the configuration file.
`

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
    .configureHelp({ helpWidth: 80, showGlobalOptions: true })
  // Theirs, not the commands': so they may stand before a command as well as after it, and the first help shows them.
  addSharedOptions(program)
  for (const [name, { summary, isDefault, own = [], load }] of Object.entries(COMMANDS)) {
    const command = program
      .command(name, { isDefault: isDefault ?? false })
      .summary(summary)
      .description(`${summary[0]?.toUpperCase()}${summary.slice(1)}.`)
      .addHelpText('after', EXIT_CODES)
      .allowExcessArguments(true)
      .action(async () => {
        const [unknown] = command.args
        if (unknown !== undefined) refuse(program, unknown)
        const action = await load()
        onExit(await action(command.optsWithGlobals<SharedFlags & OwnFlags>(), terminal, stop))
      })
    for (const { flag, help } of own.map((option) => OWN_OPTIONS[option])) {
      command.addOption(new Option(flag, help).helpGroup('This command:'))
    }
  }
  return program.addHelpText('after', EXIT_CODES)
}

/** Since `run` is the default, commander takes any other word for an argument of it. */
function refuse(program: Command, word: string): never {
  const near = nearest(word, Object.keys(COMMANDS))
  // A word that is near no command may be a token.
  const said = near === null ? `"${maskToken(word)}"` : `"${word}"; did you mean "${near}"?`
  program.error(`error: unknown command ${said}`)
}

function addSharedOptions(command: Command): void {
  for (const topic of OPTION_TOPICS) {
    for (const name of OPTION_NAMES) {
      const shared: SharedOption = OPTIONS[name]
      if (shared.topic !== topic) continue
      const flags = shared.placeholder === null ? shared.flag : `${shared.flag} ${shared.placeholder}`
      const option = new Option(flags, shared.help).helpGroup(`${topic}:`)
      if (shared.isList)
        option.argParser((value: string, before: string[] | undefined) => [...(before ?? []), value])
      command.addOption(option)
    }
  }
}
