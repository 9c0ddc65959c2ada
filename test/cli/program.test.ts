import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { OWN_OPTIONS } from '../../src/cli/options.ts'
import { COMMANDS, createProgram, describeUsageError } from '../../src/cli/program.ts'
import { OPTIONS, OPTION_TOPICS, type SharedOption } from '../../src/config/options.ts'
import { silentTerminal } from '../helpers/silent-terminal.ts'

const program = createProgram(silentTerminal(), new AbortController().signal, () => {})

/** The flags below each heading of a help, in its order. */
function headings(help: string): Map<string, string[]> {
  const found = new Map<string, string[]>()
  let flags: string[] = []
  for (const line of help.split('\n')) {
    const heading = /^(\w.*):$/.exec(line)?.[1]
    if (heading !== undefined) found.set(heading, (flags = []))
    const flag = /^ {2}(?:-\w, )?(--[\w-]+)/.exec(line)?.[1]
    if (flag !== undefined) flags.push(flag)
  }
  return found
}

const shared: readonly SharedOption[] = Object.values(OPTIONS)
const TOPICS = OPTION_TOPICS.map((topic): [string, string[]] => [
  topic,
  shared.filter((option) => option.topic === topic).map(({ flag }) => flag),
])

describe('the help', () => {
  for (const [name, { own = [] }] of Object.entries(COMMANDS)) {
    it(`of ${name} has its own options first, and then the shared ones by their topics`, () => {
      const help = program.commands.find((one) => one.name() === name)?.helpInformation() ?? ''
      const ours: [string, string[]] = ['This command', own.map((option) => OWN_OPTIONS[option].flag)]
      assert.deepEqual(
        [...headings(help)].filter(([heading]) => heading !== 'Arguments'),
        [...(own.length > 0 ? [ours] : []), ['Options', ['--help', '--version']], ...TOPICS],
      )
    })
  }

  it('of all commands has the shared options, and the commands', () => {
    const found = [...headings(program.helpInformation())]
    assert.deepEqual(found, [['Options', ['--version', '--help']], ...TOPICS, ['Commands', []]])
  })

  it('tells of a mistyped option what is near, the own and the shared ones alike', async () => {
    for (const [typed, meant] of [
      ['--prun', '--prune'],
      ['--toke', '--token'],
    ]) {
      let said = ''
      const terminal = silentTerminal({ printError: (text) => (said += text) })
      const asked = createProgram(terminal, new AbortController().signal, () => {})
      await assert.rejects(asked.parseAsync(['node', 'x', 'provision', typed ?? '']))
      assert.match(said, new RegExp(`Did you mean ${meant}\\?`, 'i'))
    }
  })
})

describe('the error of an unknown option shows', () => {
  const rows: [string, string, string][] = [
    ['a long option without its value', "'--tokn=AWbU=X'", "'--tokn=…'"],
    ['one whose value has lines and quotes', "'--tokn=A'W\nb'", "'--tokn=…'"],
    ['a short option without what follows it', "'-tAWbUX'", "'-t…'"],
    [
      'an option without a value as it is',
      "'--tokn'\n(Did you mean --token?)",
      "'--tokn'\n(Did you mean --token?)",
    ],
  ]
  for (const [name, given, shown] of rows) {
    it(name, () => {
      assert.equal(describeUsageError(`error: unknown option ${given}`), `error: unknown option ${shown}`)
    })
  }
})
