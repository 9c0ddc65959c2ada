import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { format, resolveConfig } from 'prettier'
import { readCommandLine } from '../../src/cli/command-line.ts'
import { describeCommands } from './describe-commands.ts'
import { describeExitCodes } from './describe-exit-codes.ts'
import { describeKeys } from './describe-keys.ts'
import { describeOptions } from './describe-options.ts'
import { makeManPage } from './man-page.ts'
import { readKeys } from './read-keys.ts'
import { readProgram } from './read-program.ts'
import { replaceSection } from './replace-section.ts'

const ROOT = join(import.meta.dirname, '../..')

/** Makes every page that is made of the program: the whole text of each, by its path in the project. */
export async function makePages(): Promise<ReadonlyMap<string, string>> {
  const line = readCommandLine(readProgram())
  const keys = await readKeys()
  const sections = new Map([
    ['commands', describeCommands(line)],
    ['options', describeOptions(line)],
    ['keys', describeKeys(keys)],
    ['exit codes', describeExitCodes()],
  ])
  const pages = new Map([['man/kuma-supervisor-push.1', makeManPage(line, keys)]])
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
