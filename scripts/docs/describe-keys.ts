import { headingOf, TABLES } from '../../src/config/schema.ts'
import type { KeyEntry } from './read-keys.ts'

/** Writes every key of the configuration file as Markdown, by table. */
export function describeKeys(keys: readonly KeyEntry[]): string {
  return TABLES.map((table) =>
    [`### \`${headingOf(table)}\``, ...keys.filter((entry) => entry.table === table).map(describeKey)].join(
      '\n\n',
    ),
  ).join('\n\n')
}

function describeKey({ table, key, words, form, fallback, example, option, inner }: KeyEntry): string {
  const facts = [
    `${form}${fallback === null ? '' : `; default \`${fallback}\``}`,
    ...(option === null ? [] : [`option \`${option.flag}\`, variable \`${option.env}\``]),
    ...(example === null ? [] : [`example: \`${key} = ${example}\``]),
    ...inner.map(
      (one) => `\`${one.key}\`: ${one.form}${one.fallback === null ? '' : `; default \`${one.fallback}\``}`,
    ),
  ]
  return `#### \`${table}.${key}\`\n\n${markCode(words)}\n\n${facts.map((fact) => `- ${fact}`).join('\n')}`
}

/** The example is plain text: its keys and headings are code here. */
function markCode(words: string): string {
  return words.replaceAll(/\[\[?\w+\]\]?|\w+ = (?:"[^"]*"|\w+)|\$?\b[A-Za-z]+_[A-Za-z_]+\b/g, '`$&`')
}
