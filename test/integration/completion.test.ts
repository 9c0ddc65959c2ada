// Real shells at real terminals, given keys.
import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { readCommandLine } from '../../src/cli/command-line.ts'
import { completeInBash } from '../../src/cli/completion.ts'
import { completeInZsh } from '../../src/cli/completion.ts'
import { readProgram } from '../../scripts/docs/reference.ts'
import { runCommand } from '../helpers/run-command.ts'
import { openShell, type ShellKeys } from '../helpers/shell-keys.ts'

const NAME = 'kuma-supervisor-push'
const line = readCommandLine(readProgram())
const folder = mkdtempSync(join(tmpdir(), 'ksp-completion-'))
after(() => rmSync(folder, { recursive: true, maxRetries: 9 }))

writeFileSync(join(folder, 'bash'), completeInBash(line))
writeFileSync(join(folder, `_${NAME}`), completeInZsh(line))
writeFileSync(join(folder, 'a file.toml'), '')
chmodSync(folder, 0o755)

/** Keys after the command's name, `→` for a tab; and the arguments that must come of them. */
const rows: readonly [what: string, keys: string, got: readonly string[]][] = [
  ['a command', 'che→', ['check-config']],
  ['a shared option', '--log-l→', ['--log-level']],
  ['a shared option after a command', 'once --push-e→', ['once', '--push-every']],
  ['an option of the command', 'status --wa→', ['status', '--watch']],
  ['no option of another command', 'once --wa→', ['once', '--wa']],
  [
    'an option of a command after an option with a value',
    '--unit status status --wa→',
    ['--unit', 'status', 'status', '--watch'],
  ],
  ['a word of an option', '--log-level d→', ['--log-level', 'debug']],
  ['a word of an option of the command', 'provision --per pr→', ['provision', '--per', 'program']],
  [
    'an option that may come again',
    'provision --notification a --notifica→',
    ['provision', '--notification', 'a', '--notification'],
  ],
  ['a file', `--config ${folder}/a→`, ['--config', `${folder}/a file.toml`]],
  ['no word for a token', '--token st→', ['--token', 'st']],
  ['the argument of a command', 'completion z→', ['completion', 'zsh']],
]

const shells: readonly [string, () => ShellKeys][] = [
  ['bash', () => openShell(['bash', '--norc', '--noprofile', '-i'], `source ${folder}/bash`, NAME)],
  [
    'zsh',
    () =>
      openShell(['zsh', '-f', '-i'], `fpath=(${folder} $fpath); autoload -U compinit; compinit -u -D`, NAME),
  ],
  [
    'zsh, sourced',
    () =>
      openShell(['zsh', '-f', '-i'], `autoload -U compinit; compinit -u -D; source ${folder}/_${NAME}`, NAME),
  ],
]

for (const [shell, open] of shells) {
  describe(`the completion in ${shell}`, () => {
    const keys = open()
    after(keys.end)
    for (const [what, typed, got] of rows) {
      test(`completes ${what}`, async () => {
        assert.deepEqual(await keys.type(`${NAME} ${typed.replaceAll('→', '\t')}`), got)
      })
    }
  })
}

test('bash lists every command where there is none yet', async () => {
  const keys = shells[0]?.[1]()
  after(() => keys?.end())
  // Escape and asterisk put all that is possible into the line.
  assert.deepEqual(await keys?.type(`${NAME} \u001b*`), line.commands.map(({ name }) => name).toSorted())
})

test("bash takes an option's value behind an equals sign too", async () => {
  const keys = shells[0]?.[1]()
  after(() => keys?.end())
  assert.deepEqual(await keys?.type(`${NAME} --log-format=j\t`), ['--log-format=json'])
  assert.deepEqual(await keys?.type(`${NAME} --log-format=json sta\t`), ['--log-format=json', 'status'])
})

test('shellcheck finds nothing in the completion for bash', async () => {
  const { code, stdout } = await runCommand(['shellcheck', '-s', 'bash', join(folder, 'bash')])
  assert.equal(code, 0, stdout)
})
