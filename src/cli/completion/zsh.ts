import type { CommandLine, LineCommand, LineOption } from '../command-line.ts'
import { takesFile } from './takes-file.ts'

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
${commands.map(branch).join('')}            esac
            ;;
    esac
}

compdef _${name} ${name}
# As a file of fpath, this is the function's body.
if [[ $funcstack[1] = _${name} ]]; then _${name} "$@"; fi
`
}

function branch({ name, own, arguments: args }: LineCommand): string {
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
