import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMask } from '../../src/lib/secret.ts'
import {
  cut,
  describeDuration,
  describeSize,
  oneLine,
  printable,
  printableJson,
  shortText,
} from '../../src/lib/text.ts'

const rows: [seconds: number, says: string][] = [
  [-5, '0 s'],
  [0.4, '0 s'],
  [59.6, '1 min'],
  [60, '1 min'],
  [61, '1 min 1 s'],
  [3_600, '1 h'],
  [3_601, '1 h'],
  [90_000, '1 d 1 h'],
  [86_400 * 400, '400 d'],
]
for (const [seconds, says] of rows) {
  test(`${seconds} s read as ${says}`, () => assert.equal(describeDuration(seconds), says))
}

test('masks secrets before it cuts, so that no half of one is left', () => {
  const token = 'AWbUXTosJGq1w2e3'
  const header = 'HeaderThatMustNotBeSeen'
  const mask = createMask({ tokens: [], passwords: [header] })
  for (let before = 80; before < 130; before += 1) {
    const text = shortText(`${'x'.repeat(before)} ${header} ${token}`, token, mask)
    assert.ok(text.length <= 120)
    assert.doesNotMatch(text, /He|AWbU/)
  }
})

test('makes one line of what foreign text holds, and no text that turns around', () => {
  assert.equal(oneLine(' a\n\tb\u0000\u2028c\u202ed\ufeff \ud800 '), 'a b c d \ufffd')
})

const STRANGE = [
  '\u0007',
  '\u009b',
  '\u061c',
  '\u200b',
  '\u200e',
  '\u202e',
  '\u2060',
  '\u2069',
  '\ufeff',
  '\u{e0041}',
]

test('lets no control, turning or zero-width character into a line, a text or JSON', () => {
  for (const strange of STRANGE) {
    const text = `a${strange}b`
    assert.equal(oneLine(text), 'a b')
    assert.match(printable(`x\n${text}\ty`), /^x\na b\ty$/)
    const json = printableJson({ text, more: ['\n'] }, 2)
    assert.ok(!json.includes(strange), json)
    assert.deepEqual(JSON.parse(json), { text, more: ['\n'] })
  }
})

test('leaves the joiner within an emoji alone, and nowhere else', () => {
  for (const emoji of ['👩‍👩‍👧', '❤️‍🔥', '👩🏽‍🚀']) {
    assert.equal(oneLine(`a ${emoji} b`), `a ${emoji} b`)
    assert.equal(JSON.parse(printableJson(emoji)), emoji)
  }
  assert.equal(oneLine('root\u200d:👩\u200d.\u200d👩'), 'root :👩 . 👩')
})

test('cuts between characters, not inside of one', () => {
  assert.equal(cut('abc', 3), 'abc')
  assert.equal(cut('abcd', 3), 'ab…')
  assert.equal(cut('a👨‍👩‍👧bc', 5), 'a…')
})

const MB = 1024 ** 2
const sizes: [bytes: number, text: string][] = [
  [0, '0 KB'],
  [1, '0.1 KB'],
  [1024, '1 KB'],
  [512 * MB, '512 MB'],
  [512 * MB + 1, '512.1 MB'],
  [1536 * MB, '1.5 GB'],
]
for (const [bytes, text] of sizes) {
  test(`${bytes} bytes read as ${text}`, () => assert.equal(describeSize(bytes), text))
}
