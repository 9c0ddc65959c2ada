import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { formatSize, parseSize } from '../../src/lib/size.ts'

describe('parseSize', () => {
  const rows: [string, number | null][] = [
    ['512MB', 512 * 1024 * 1024],
    ['512MiB', 512 * 1024 * 1024],
    ['1KB', 1024],
    ['2GB', 2 * 1024 ** 3],
    ['1.5 GiB', 1.5 * 1024 ** 3],
    [' 1KB ', 1024],
    ['512', null],
    ['512M', null],
    ['512mb', null],
    ['-1MB', null],
    ['MB', null],
    ['', null],
    ['1TB', null],
    ['1MB2KB', null],
  ]
  for (const [text, bytes] of rows) {
    test(`reads ${JSON.stringify(text)} as ${bytes === null ? 'no size' : `${bytes} bytes`}`, () => {
      assert.equal(parseSize(text), bytes)
    })
  }
})

test('formatSize writes what parseSize reads, in the greatest whole unit', () => {
  const rows: [number, string][] = [
    [512 * 1024 * 1024, '512MB'],
    [1536 * 1024 * 1024, '1536MB'],
    [2 * 1024 ** 3, '2GB'],
    [1024, '1KB'],
    [1536, '1.5KB'],
  ]
  for (const [bytes, text] of rows) {
    assert.equal(formatSize(bytes), text)
    assert.equal(parseSize(text), bytes)
  }
})
