import type { CommandLine, LineCommand, LineOption } from '../command-line.ts'
import { takesFile } from './takes-file.ts'

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
${withWords.map((option) => branch(option.flags.join(' | '), [`words='${option.words.join(' ')}'`, ...REPLY])).join('')}${branch(pattern(withFile), FILES)}${branch(pattern(withAnything), ['return'])}    esac

    options='${flagsOf(shared)}'
    case $command in
${commands.filter(hasOwnWords).map(ownBranch).join('')}${branch("''", [`words='${commands.map((one) => one.name).join(' ')}'`])}    esac
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
  return branch(name, [
    ...(own.length > 0 ? [`options+=' ${flagsOf(own)}'`] : []),
    ...(words !== undefined && words.length > 0 ? [`words='${words.join(' ')}'`] : []),
  ])
}

function branch(given: string, lines: readonly string[]): string {
  return `        ${given})\n${[...lines, ';;'].map((line) => `            ${line}\n`).join('')}`
}

function pattern(options: readonly LineOption[]): string {
  return options.flatMap(({ flags }) => flags).join(' | ')
}

function flagsOf(options: readonly LineOption[]): string {
  return options.flatMap(({ flags }) => flags).join(' ')
}
