import assert from 'node:assert/strict'
import { test } from 'node:test'
import { quote } from '../../src/lib/quote.ts'

const rows: [string, unknown, string][] = [
  ['a text with its quotes', 'a "b"\n', '"a \\"b\\"\\n"'],
  ['a number', -1.5, '-1.5'],
  ['a boolean', true, 'true'],
  ['an array by its type', ['x'], 'an array'],
  ['a table by its type', { a: 1 }, 'a table'],
  ['a date by its type', new Date(0), 'a date'],
  ['60 characters and no more', 'x'.repeat(61), `"${'x'.repeat(60)}…"`],
  ['whole characters where it cuts', `${'x'.repeat(59)}💥💥`, `"${'x'.repeat(59)}…"`],
  ['a URL without its password', 'tcp://kay:s3/cr@et@h:1', '"tcp://…@h:1"'],
  ['an address without its password', 'kay:s3/cr@et@h:1', '"…@h:1"'],
  ['a unit of a template as it is', 'web@1.service', '"web@1.service"'],
  ['a URL without its query', 'http://h/a?token=s3cret', '"http://h/a?…"'],
  ['a push URL with three characters of its token', 'ftp://h/api/push/AWbUXTosJG', '"ftp://h/api/push/AWb…"'],
]
for (const [name, value, shown] of rows) test(`shows ${name}`, () => assert.equal(quote(value), shown))
