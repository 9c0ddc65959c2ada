import type { Command } from 'commander'
import type { SharedFlags } from '../config/options.ts'
import { EXIT, type ExitCode } from '../lib/errors.ts'
import { readCommandLine, type CommandLine, type LineCommand, type LineOption } from './command-line.ts'
import type { Terminal } from './terminal.ts'

const SHELLS: Readonly<Record<string, (line: CommandLine) => string>> = {
  bash: completeInBash,
  zsh: completeInZsh,
}

/** `completion`: prints a script that completes this very command line in a shell. */
export function completion(
  _flags: SharedFlags,
  { print }: Terminal,
  _stop: AbortSignal,
  command: Command,
): Promise<ExitCode> {
  const shell = SHELLS[command.args[0] ?? '']
  if (shell === undefined || command.parent === null) throw new Error(`no such shell: ${command.args[0]}`)
  print(shell(readCommandLine(command.parent)))
  return Promise.resolve(EXIT.ok)
}

/** Returns whether the value is a file, which a shell can complete. */
function takesFile({ placeholder }: LineOption): boolean {
  return placeholder === '<file>'
}

/**
 * Writes the completion for bash 4 or newer, without what the package bash-completion brings.
 * @see https://www.gnu.org/software/bash/manual/html_node/Programmable-Completion.html
 */
export function completeInBash({ name, shared, commands }: CommandLine): string {
  // Several commands may have the same one.
  const options = new Map(
    [...shared, ...commands.flatMap(({ own }) => own)].map((one) => [one.flags.join(), one]),
  )
  const withValue = [...options.values()].filter(({ placeholder }) => placeholder !== null)
  const withWords = withValue.filter(({ words }) => words.length > 0)
  const withFile = withValue.filter(takesFile)
  const withAnything = withValue.filter((option) => !withWords.includes(option) && !withFile.includes(option))
  return `# Completion of ${name} for bash. Made by: ${name} completion bash

_${name.replaceAll('-', '_')}() {
    local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]} command='' options words='' i
    COMPREPLY=()

    # Bash takes "=" for a word of its own.
    if [[ $word == = ]]; then
        word=''
    elif [[ $before == = ]]; then
        before=\${COMP_WORDS[COMP_CWORD - 2]}
    fi

    for ((i = 1; i < COMP_CWORD; i++)); do
        case \${COMP_WORDS[i]} in
            ${pattern(withValue)})
                [[ \${COMP_WORDS[i + 1]} != = ]] || ((i++))
                ((i++))
                ;;
            ${commands.map((one) => one.name).join(' | ')})
                command=\${COMP_WORDS[i]}
                break
                ;;
        esac
    done

    case $before in
${withWords.map((option) => bashBranch(option.flags.join(' | '), [`words='${option.words.join(' ')}'`, ...REPLY])).join('')}${bashBranch(pattern(withFile), FILES)}${bashBranch(pattern(withAnything), ['return'])}    esac

    options='${flagsOf(shared)}'
    case $command in
${commands.filter(hasOwnWords).map(ownBranch).join('')}${bashBranch("''", [`words='${commands.map((one) => one.name).join(' ')}'`])}    esac
    if [[ $word == -* || -z $words ]]; then words=$options; fi
    ${REPLY[0]}
}

complete -F _${name.replaceAll('-', '_')} ${name}
`
}

const REPLY = ['mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")', 'return']
const FILES = [
  'compopt -o filenames 2>/dev/null',
  'mapfile -t COMPREPLY < <(compgen -f -- "$word")',
  'return',
]

function hasOwnWords(command: LineCommand): boolean {
  return command.own.length > 0 || command.arguments.size > 0
}

function ownBranch({ name, own, arguments: args }: LineCommand): string {
  const [words] = args.values()
  return bashBranch(name, [
    ...(own.length > 0 ? [`options+=' ${flagsOf(own)}'`] : []),
    ...(words !== undefined && words.length > 0 ? [`words='${words.join(' ')}'`] : []),
  ])
}

function bashBranch(given: string, lines: readonly string[]): string {
  return `        ${given})\n${[...lines, ';;'].map((line) => `            ${line}\n`).join('')}`
}

function pattern(options: readonly LineOption[]): string {
  return options.flatMap(({ flags }) => flags).join(' | ')
}

function flagsOf(options: readonly LineOption[]): string {
  return options.flatMap(({ flags }) => flags).join(' ')
}

/**
 * Writes the completion for zsh: a file for a folder of `fpath`, which can be sourced as well.
 * @see https://zsh.sourceforge.io/Doc/Release/Completion-System.html
 */
export function completeInZsh({ name, shared, commands }: CommandLine): string {
  return `#compdef ${name}
# Completion of ${name} for zsh. Made by: ${name} completion zsh

_${name}() {
    local context state state_descr line
    local -A opt_args
    local -a shared commands
    shared=(
${shared.map((option) => `        ${specOf(option)}\n`).join('')}    )
    commands=(
${commands.map((command) => `        ${quote(`${command.name}:${command.summary.replaceAll(':', '\\:')}`)}\n`).join('')}    )

    _arguments -C $shared ':command:->command' '*::argument:->argument'
    case $state in
        command)
            _describe -t commands command commands
            ;;
        argument)
            case $line[1] in
${commands.map(zshBranch).join('')}            esac
            ;;
    esac
}

compdef _${name} ${name}
# As a file of fpath, this is the function's body.
if [[ $funcstack[1] = _${name} ]]; then _${name} "$@"; fi
`
}

function zshBranch({ name, own, arguments: args }: LineCommand): string {
  const specs = [
    ...own.map(specOf),
    ...[...args].map(([argument, words]) => quote(`:${argument}:(${words.join(' ')})`)),
  ]
  return `                ${name})
                    _arguments ${['$shared', ...specs].join(' ')}
                    ;;
`
}

/** `'--log-level[text]:level:(debug info)'` */
function specOf(option: LineOption): string {
  const { flags, help, placeholder, isList, words } = option
  const text = `[${help.replaceAll(/[[\]\\]/g, '\\$&')}]`
  const name = placeholder?.replaceAll(/[<>[\]]/g, '').replaceAll(':', '\\:')
  const values = words.length > 0 ? `(${words.join(' ')})` : takesFile(option) ? '_files' : ''
  const value = name === undefined ? '' : `:${name}:${values}`
  // An equals sign takes both --a=b and --a b.
  if (flags.length === 1) {
    return quote(`${isList ? '*' : ''}${flags[0]}${name === undefined ? '' : '='}${text}${value}`)
  }
  return `${quote(`(${flags.join(' ')})`)}{${flags.join(',')}}${quote(`${text}${value}`)}`
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
