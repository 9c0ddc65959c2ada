import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { fit, textWidth, wrap } from '../../src/cli/screen.ts'

suite('counts the columns of a terminal', () => {
  const rows: [text: string, columns: number][] = [
    ['', 0],
    ['web', 3],
    ['größe', 5],
    ['gro\u0308ße', 5],
    ['日本語', 6],
    ['한국어', 6],
    ['ＡＢ', 4],
    ['🚀 go', 5],
    ['👩‍💻', 2],
    ['a\u200bb', 2],
  ]
  for (const [text, columns] of rows) {
    test(JSON.stringify(text), () => assert.equal(textWidth(text), columns))
  }
})

test('fills up and cuts to exactly so many columns, never through a wide letter', () => {
  for (const text of ['web', 'a-very-long-name', '日本語の名前', 'a日本語', '👩‍💻👩‍💻👩‍💻']) {
    for (const columns of [1, 2, 3, 4, 5, 6, 7, 20]) {
      assert.equal(textWidth(fit(text, columns)), columns, `${text} in ${columns}`)
    }
  }
  assert.equal(fit('日本語', 4), '日… ')
})

test('wraps between words, and cuts a word that no line holds', () => {
  assert.deepEqual(wrap('one two three', 7), ['one two', 'three'])
  assert.deepEqual(wrap('/a/very/long/path x', 8), ['/a/very…', 'x'])
  assert.deepEqual(wrap('', 8), [''])
})
