import type { Command, Option } from 'commander'
import { OPTIONS, type SharedOption } from '../config/options.ts'
import { OWN_OPTIONS, type OwnOptionEntry } from './options.ts'

/** One option as the shells and the pages know it. */
export interface LineOption {
  /** `-h` and `--help`, or the long one alone. */
  readonly flags: readonly string[]
  /** The placeholder of its value, `<file>`; null for an option without one. */
  readonly placeholder: string | null
  readonly help: string
  /** The heading that it stands under. */
  readonly topic: string
  /** May be given several times. */
  readonly isList: boolean
  /** The words that its value may be, where there are few; a file where the placeholder says so. */
  readonly words: readonly string[]
  /** The entry of the table of options; null for one of a single command. */
  readonly shared: SharedOption | null
}

export interface LineCommand {
  readonly name: string
  readonly summary: string
  /** The words that each of its arguments may be, by the argument's name. */
  readonly arguments: ReadonlyMap<string, readonly string[]>
  /** The options that the others do not have. */
  readonly own: readonly LineOption[]
}

/** The whole command line, as the shells and the pages need it. */
export interface CommandLine {
  readonly name: string
  readonly summary: string
  /** Options that every command takes. */
  readonly shared: readonly LineOption[]
  readonly commands: readonly LineCommand[]
}

/** Reads the command line from the commander that parses it, so that nothing else can be said of it. */
export function readCommandLine(program: Command): CommandLine {
  const shared = program.createHelp().visibleOptions(program).map(readOption)
  return {
    name: program.name(),
    summary: program.description(),
    shared,
    commands: program.commands.map((command) => ({
      name: command.name(),
      summary: command.summary(),
      arguments: new Map(command.registeredArguments.map((one) => [one.name(), one.argChoices ?? []])),
      own: command.options.map(readOption),
    })),
  }
}

function readOption(option: Option): LineOption {
  const table: readonly SharedOption[] = Object.values(OPTIONS)
  const shared = table.find(({ flag }) => flag === option.long) ?? null
  const own: readonly OwnOptionEntry[] = Object.values(OWN_OPTIONS)
  return {
    flags: [option.short, option.long].filter((flag) => flag !== undefined),
    placeholder: /[<[].*/.exec(option.flags)?.[0] ?? null,
    help: option.description,
    isList: [...table, ...own].some(({ flag, isList }) => flag === option.long && isList === true),
    topic: option.helpGroupHeading ?? 'Other options:',
    words: option.argChoices ?? shared?.kind.words ?? [],
    shared,
  }
}
