import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lastLine } from '../../../src/collect/supervisor/last-line.ts'

const CASES: readonly [what: string, text: string, isCut: boolean, line: string | null][] = [
  ['the last of several', 'one\ntwo\n', false, 'two'],
  ['the last that is not blank', 'Traceback:\nValueError: no\n  \n\n', false, 'ValueError: no'],
  ['a line without its end', 'one\ntwo', false, 'two'],
  ['lines as Windows ends them', 'one\r\ntwo\r\n', false, 'two'],
  ['what a progress bar wrote last', '10 %\r50 %\rfailed', false, 'failed'],
  ['nothing', '', false, null],
  ['blank lines only', ' \n\t\n', false, null],
  ['text without its colours', '␛[1;31mERROR␛[0m: no disk\n', false, 'ERROR: no disk'],
  ['text without a link or a title', '␛]0;title␇a ␛]8;;http://x␛\\link\n', false, 'a link'],
  ['text without NUL and BEL', 'a␀b␇c\n', false, 'abc'],
  ['a line of escapes only as none', 'before\n␛[2K␛[1G\n', false, 'before'],
  ['a whole line behind a cut one', 'rd=secret\nValueError\n', true, 'ValueError'],
  ['a cut line as none when it is short', 'rd=secret', true, null],
  ['the end of a long cut line', `${'x'.repeat(256)}the end`, true, '…the end'],
]

for (const [what, text, isCut, line] of CASES) {
  test(`the last line is ${what}`, () => {
    assert.equal(lastLine(text, isCut), line)
  })
}
