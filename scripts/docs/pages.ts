import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { format, resolveConfig } from 'prettier'
import { readCommandLine } from '../../src/cli/command-line.ts'
import { makeManPage } from './man-page.ts'
import {
  describeCommands,
  describeExitCodes,
  describeKeys,
  describeOptions,
  replaceSection,
} from './markdown.ts'
import { readKeys, readProgram, type KeyEntry } from './reference.ts'

const ROOT = join(import.meta.dirname, '../..')

/** Makes everything that is made of the program: the whole text of each file, by its path in the project. */
export async function makePages(): Promise<ReadonlyMap<string, string>> {
  const line = readCommandLine(readProgram())
  const keys = await readKeys()
  const sections = new Map([
    ['commands', describeCommands(line)],
    ['options', describeOptions(line)],
    ['keys', describeKeys(keys)],
    ['exit codes', describeExitCodes()],
  ])
  const example = await readFile(join(ROOT, 'config.example.toml'), 'utf8')
  const pages = new Map([
    ['man/kuma-supervisor-push.1', makeManPage(line, keys)],
    ['config.example.toml', writeComments(example, keys)],
  ])
  for (const path of ['README.md', 'docs/configuration.md']) {
    let page = await readFile(join(ROOT, path), 'utf8')
    for (const [name, text] of sections) {
      if (page.includes(`<!-- begin ${name} -->`)) page = replaceSection(page, name, text)
    }
    const style = await resolveConfig(join(ROOT, path))
    pages.set(path, await format(page, { ...style, parser: 'markdown' }))
  }
  return pages
}

/** Writes the words of the keys above them. A key without a comment above it shares that of the key before, or has had its words. */
function writeComments(example: string, keys: readonly KeyEntry[]): string {
  let table = ''
  return example.replaceAll(/^\[+(\w+)\]+$|^(?:# .*\n)+(#?(\w+) = .*)$/gm, (text, heading, line, key) => {
    table = heading ?? table
    const entry = keys.find((one) => one.table === table && one.key === key)
    return entry === undefined ? text : `${wrap(entry.help)}\n${line}`
  })
}

function wrap(text: string): string {
  const lines: string[] = []
  let line = '#'
  for (const word of text.split(' ')) {
    if (line.length + 1 + word.length > 124) {
      lines.push(line)
      line = '#'
    }
    line += ` ${word}`
  }
  return [...lines, line].join('\n')
}
