import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readPlainLine } from '../../src/cli/plain-line.ts'
import { createProgram } from '../../src/cli/program.ts'
import { OPTIONS, type SharedOption } from '../../src/config/options.ts'
import { seededRandom } from '../helpers/seeded-random.ts'
import { silentTerminal } from '../helpers/silent-terminal.ts'

/** The options of `once` as commander reads them; null for what it refuses, or does not give to `once`. */
async function readByCommander(words: readonly string[]): Promise<object | null> {
  let flags: object | null = null
  const program = createProgram(silentTerminal(), new AbortController().signal, () => {})
  program.commands
    .find((one) => one.name() === 'once')
    ?.action((_, command) => {
      flags = command.args.length > 0 ? null : command.optsWithGlobals()
    })
  await program.parseAsync(['node', 'agent', 'once', ...words]).catch(() => {})
  return flags
}

test('takes options with their values', () => {
  assert.deepEqual(readPlainLine(['--config', '/etc/a.toml', '--dry-run', '--unit', 'none']), {
    config: '/etc/a.toml',
    dryRun: true,
    unit: 'none',
  })
  assert.deepEqual(readPlainLine([]), {})
})

test('leaves to commander whatever is more than that', () => {
  for (const line of [
    '--help',
    '-V',
    'help',
    '--config',
    '--config --dry-run',
    '--config=/etc/a.toml',
    '--unit none --unit auto',
    '--programs a',
    '--json',
    '--dry-run yes',
    '-- --dry-run',
  ]) {
    assert.equal(readPlainLine(line.split(' ')), null, line)
  }
})

test('reads no line in another way than commander', async () => {
  const random = seededRandom(7)
  const options: readonly SharedOption[] = Object.values(OPTIONS)
  const odd = [
    '',
    '-',
    '--',
    '-h',
    'help',
    'once',
    'run',
    '--json',
    '--config=x',
    '--toke',
    '-1',
    'a b',
    'ä,b',
  ]
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T
  let read = 0
  for (let round = 0; round < 1_500; round++) {
    const words = Array.from({ length: Math.floor(random() * 4) }, () => {
      const { flag, placeholder } = pick(options)
      if (random() < 0.15) return [pick(odd)]
      return placeholder === null ? [flag] : [flag, random() < 0.8 ? `v${round}` : pick(odd)]
    }).flat()
    const plain = readPlainLine(words)
    if (plain === null) continue
    read += 1
    assert.deepEqual(plain, await readByCommander(words), words.join(' '))
  }
  assert.ok(read > 300)
})
