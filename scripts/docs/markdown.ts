import type { CommandLine, LineCommand } from '../../src/cli/command-line.ts'
import { headingOf, TABLES } from '../../src/config/schema.ts'
import { groupExits, type KeyEntry } from './reference.ts'

/** Puts a text between the two comments of a page that name its place. */
export function replaceSection(page: string, name: string, text: string): string {
  const [begin, end] = [`<!-- begin ${name} -->`, `<!-- end ${name} -->`]
  const [before, rest] = page.split(begin)
  const after = rest?.split(end)[1]
  if (before === undefined || after === undefined) throw new Error(`the page has no place for ${name}`)
  return `${before}${begin}\n\n${text.trim()}\n\n${end}${after}`
}

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

/** Writes the shared options with variable and key, then those of single commands. */
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

/** Writes every key of the file, by table. */
export function describeKeys(keys: readonly KeyEntry[]): string {
  return TABLES.map((table) =>
    [`### \`${headingOf(table)}\``, ...keys.filter((entry) => entry.table === table).map(describeKey)].join(
      '\n\n',
    ),
  ).join('\n\n')
}

function describeKey({ table, key, help, form, default: value, example, option, inner }: KeyEntry): string {
  const facts = [
    withDefault(form, value),
    ...(option === null ? [] : [`option \`${option.flag}\`, variable \`${option.env}\``]),
    ...(example === null ? [] : [`example: \`${key} = ${example}\``]),
    ...inner.map((one) => withDefault(`\`${one.key}\`: ${one.form}`, one.default)),
  ]
  return `#### \`${table}.${key}\`\n\n${markCode(help)}\n\n${facts.map((fact) => `- ${fact}`).join('\n')}`
}

function withDefault(text: string, written: string | null): string {
  return written === null ? text : `${text}; default \`${written}\``
}

/** The words are plain text: their keys and headings are code here. */
function markCode(words: string): string {
  return words.replaceAll(/\[\[?\w+\]\]?|\w+ = (?:"[^"]*"|\w+)|\$?\b[A-Za-z]+_[A-Za-z_]+\b/g, '`$&`')
}

/** Writes every exit code with what it means for which command. */
export function describeExitCodes(): string {
  return toTable(
    ['code', ''],
    groupExits().map(({ code, meanings }) => [
      code,
      meanings
        .map(({ meaning, commands }) => {
          const of = commands.map((command) => `\`${command}\``).join(', ')
          return of === '' ? meaning : `${of}: ${meaning}`
        })
        .join(' · '),
    ]),
  )
}

function toTable(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  return [heading, heading.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
    .join('\n')
}
