import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { selectPrograms } from '../../src/rules/programs.ts'
import { program } from '../helpers/snapshots.ts'
import { seededRandom } from '../helpers/seeded-random.ts'

function selects(pattern: string, name: string): boolean {
  const { selected } = selectPrograms([{ ...program('g', 'RUNNING'), name }], {
    programs: [pattern],
    exclude: [],
  })
  return selected.length === 1
}

describe('a glob', () => {
  it('takes every character that means nothing as itself', () => {
    for (let code = 0x20; code < 0x17f; code += 1) {
      const character = String.fromCodePoint(code)
      if ('*?['.includes(character)) continue
      const name = `a${character}b`
      assert.ok(selects(`g:${name}`, name), name)
      assert.ok(!selects(`g:${name}`, 'aXb') || character === 'X', name)
    }
  })

  const rows: [pattern: string, name: string, matches: boolean][] = [
    ['g:beat-debug', 'beat-debug', true],
    ['g:w_[0-3]', 'w_2', true],
    ['g:w_[0-3]', 'w_4', false],
    ['g:w_[!0-3]', 'w_4', true],
    ['g:w_[!0-3]', 'w_2', false],
    ['g:[a-]x', '-x', true],
    ['g:[\\]x', '\\x', true],
    ['g:[^]x', '^x', true],
    ['g:[a[]x', '[x', true],
    ['g:[z-a]', '[z-a]', true],
    ['g:[z-a]', 'b', false],
    ['g:[', '[', true],
    ['g:[]', '[]', true],
    ['g:?', '😀', true],
    ['g:[😀-😎]', '😃', true],
    ['g:*', 'a\nb', true],
  ]
  for (const [pattern, name, matches] of rows) {
    it(`${JSON.stringify(pattern)} ${matches ? 'matches' : 'does not match'} ${JSON.stringify(name)}`, () => {
      assert.equal(selects(pattern, name), matches)
    })
  }

  it('never fails, whatever it is', () => {
    const random = seededRandom(20)
    const characters = Array.from('[]!^-\\*?(){}|/.+$:az09 é😀\ud800&~')
    for (let round = 0; round < 20_000; round += 1) {
      const length = Math.floor(random() * 10)
      const glob = Array.from({ length }, () => characters[Math.floor(random() * characters.length)]).join('')
      assert.doesNotThrow(() => selects(glob, 'a'), JSON.stringify(glob))
    }
  })
})
