import type { CommandLine, LineCommand } from '../../src/cli/command-line.ts'
import { toTable } from './to-table.ts'

/** Writes every command as a Markdown table. */
export function describeCommands({ commands }: CommandLine): string {
  return toTable(
    ['command', 'does'],
    commands.map((command) => [`\`${usageOf(command)}\``, command.summary]),
  )
}

/** `completion bash|zsh` */
function usageOf({ name, arguments: args }: LineCommand): string {
  const words = [...args].map(([argument, choices]) => choices.join('|') || `<${argument}>`)
  return [name, ...words].join(' ')
}
