import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { makePages } from '../../scripts/docs/pages.ts'
import { readProgram } from '../../scripts/docs/reference.ts'

const read = (path: string): string => readFileSync(join(import.meta.dirname, '../..', path), 'utf8')

test('the pages made of the program are up to date', async () => {
  for (const [path, text] of await makePages()) {
    assert.ok(read(path) === text, `${path} is out of date; write it again: npm run docs`)
  }
})

describe('what --help says', () => {
  const program = readProgram()
  const page = read('docs/configuration.md').replaceAll(/[`\\]| {2,}/g, '')
  const manual = read('man/kuma-supervisor-push.1').replaceAll(/\\f.|\\/g, '')

  for (const command of [program, ...program.commands]) {
    /** Each option with its text, and each command with its own: two words with two spaces between them. */
    const rows = command
      .helpInformation()
      .split('\n')
      .flatMap((line) => [/^ {2}(?:-\w, )?([\w-].*?) {2,}(\S.*)$/.exec(line)?.slice(1) ?? []])
      .filter(
        ([term = '']) => term.startsWith('--') || program.commands.some((one) => term.startsWith(one.name())),
      )

    test(`for ${command.name()} is in docs/configuration.md and in the manual page`, () => {
      assert.ok(rows.length > 15, `${rows.length} rows`)
      for (const [term = '', text = ''] of rows) {
        // An option stands as "--token <token>", a command as "completion [options] <shell>".
        const [name = ''] = term.split(' ')
        for (const [where, words] of [
          ['docs/configuration.md', page],
          ['the manual page', manual],
        ] as const) {
          assert.ok(words.includes(name), `${where} has no ${name}`)
          assert.ok(
            words.toLowerCase().includes(text.toLowerCase()),
            `${where} does not say "${text}" of ${name}`,
          )
        }
      }
    })
  }
})
