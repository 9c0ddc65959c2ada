import type { CommandLine } from '../../src/cli/command-line.ts'
import { toTable } from './to-table.ts'

/** Writes every option as a Markdown table: the shared ones with variable and key, then those of single commands. */
export function describeOptions({ shared, commands }: CommandLine): string {
  const rows = shared.map(({ flags, placeholder, help, shared: entry }) => [
    flagText(flags, placeholder),
    help,
    entry === null ? '' : `\`${entry.env}\``,
    entry?.key === null || entry === null ? '' : `\`${entry.key}\``,
  ])
  const own = commands.flatMap(({ name, own: options }) =>
    options.map(({ flags, placeholder, help }) => [`\`${name}\``, flagText(flags, placeholder), help]),
  )
  return [
    toTable(['option', '', 'variable', 'key of the file'], rows),
    'Of single commands:',
    toTable(['command', 'option', ''], own),
  ].join('\n\n')
}

function flagText(flags: readonly string[], placeholder: string | null): string {
  return flags.map((flag) => `\`${flag}${placeholder === null ? '' : ` ${placeholder}`}\``).join(', ')
}
