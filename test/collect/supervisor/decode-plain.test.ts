import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { decodePlain } from '../../../src/collect/supervisor/decode-plain.ts'
import { decodeAnswer } from '../../../src/collect/supervisor/decode.ts'

const fixture = (name: string): Buffer => readFileSync(new URL(`../../fixtures/${name}`, import.meta.url))
const answer = (value: string): Buffer =>
  Buffer.from(`<methodResponse><params><param>${value}</param></params></methodResponse>`)

const PLAIN = [
  'supervisord-4.2.5/get-all-process-info.xml',
  'supervisord-4.2.5/get-all-config-info.xml',
  'supervisord-4.2.5/multicall.xml',
  'supervisord-go/get-all-process-info.xml',
]

for (const name of PLAIN) {
  test(`what ${name} has is plain, and read to the same value as by the strict reader`, () => {
    const plain = decodePlain(fixture(name))
    assert.notEqual(plain, undefined)
    assert.deepEqual(decodeAnswer(fixture(name)), { kind: 'value', value: plain })
  })
}

test('a text of 15 MB is read', () => {
  const text = 'ö€🦉 '.repeat(1_500_000)
  assert.equal(decodePlain(answer(`<value><string>${text}</string></value>`)), text)
})

test('the three entities are read once', () => {
  const plain = decodePlain(answer('<value><string>&amp;lt;&lt;b&gt;&amp;amp;</string></value>'))
  assert.equal(plain, '&lt;<b>&amp;')
})

const string = (text: string): string => `<value><string>${text}</string></value>`
const nested = (depth: number): string =>
  `${'<value><array><data>'.repeat(depth)}${'</data></array></value>'.repeat(depth)}`

test('values may nest as deep as for the strict reader', () => {
  assert.notEqual(decodePlain(answer(nested(64))), undefined)
})

const NOT_PLAIN: readonly (readonly [what: string, bytes: Buffer])[] = [
  ['nothing', Buffer.from('')],
  ['a fault', fixture('supervisord-4.2.5/fault-shutdown.xml')],
  ['what is not UTF-8', Buffer.concat([answer(string('')), Buffer.from([0xff])])],
  ['a byte order mark', Buffer.concat([Buffer.from('\ufeff'), answer(string(''))])],
  ['another entity', answer(string('&quot;'))],
  ['half an entity', answer(string('a & b'))],
  ['a carriage return', answer(string('\r\n'))],
  ['a control character', answer(string('\u001b[0m'))],
  ['a character that XML does not have', answer(string('\ufffe'))],
  ['a bracket', answer(string(']]>'))],
  ['a comment', answer('<!-- --><value><int>1</int></value>')],
  ['an attribute', answer('<value><int a="b">1</int></value>')],
  ['a value without a type', answer('<value>text</value>')],
  ['another space', answer('\u00a0<value><int>1</int></value>')],
  ['an end of another element', answer('<value><int>1</i4></value>')],
  ['a type that nobody knows', answer('<value><float>1</float></value>')],
  ['a wrong number', answer('<value><int>one</int></value>')],
  ['a wrong member', answer('<value><struct><member></member></struct></value>')],
  ['a wrong value in a struct', answer('<value><struct><member><name>a</name><value><array></member></struct></value>')], // prettier-ignore
  ['a wrong name', answer('<value><struct><member><name>&nbsp;</name><value><int>1</int></value></member></struct></value>')], // prettier-ignore
  ['a member that does not end', answer('<value><struct><member><name>a</name><value><array><data></data></array></value></struct></value>')], // prettier-ignore
  ['a wrong item', answer('<value><array><data>1</data></array></value>')],
  ['values that nest too deep', answer(nested(65))],
  ['something behind the end', Buffer.concat([answer(string('')), Buffer.from('.')])],
]

for (const [what, bytes] of NOT_PLAIN) {
  test(`${what} is not plain`, () => {
    assert.equal(decodePlain(bytes), undefined)
  })
}
