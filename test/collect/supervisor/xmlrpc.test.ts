import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeCall, type XmlRpcParam } from '../../../src/collect/supervisor/xmlrpc.ts'

const param = (value: XmlRpcParam) =>
  /<param><value>([\s\S]*)<\/value><\/param><\/params><\/methodCall>$/.exec(encodeCall('m', [value]))?.[1]

test('writes a whole call', () => {
  assert.equal(
    encodeCall('system.listMethods', []),
    '<?xml version="1.0"?><methodCall><methodName>system.listMethods</methodName><params></params></methodCall>',
  )
  assert.equal(
    encodeCall('a<b', [1, 'x']),
    '<?xml version="1.0"?><methodCall><methodName>a&lt;b</methodName>' +
      '<params><param><value><int>1</int></value></param><param><value><string>x</string></value></param></params></methodCall>',
  )
})

const WRITTEN: [XmlRpcParam, string][] = [
  [0, '<int>0</int>'],
  [-2147483648, '<int>-2147483648</int>'],
  [2147483647, '<int>2147483647</int>'],
  [true, '<boolean>1</boolean>'],
  [false, '<boolean>0</boolean>'],
  ['', '<string></string>'],
  ['a & b < c > d "e" \'f\'', '<string>a &amp; b &lt; c &gt; d "e" \'f\'</string>'],
  [']]>', '<string>]]&gt;</string>'],
  ['tab\tline\nreturn\r', '<string>tab\tline\nreturn&#13;</string>'],
  ['größe 🦉 ünï', '<string>größe 🦉 ünï</string>'],
  [[], '<array><data></data></array>'],
  [
    [1, ['']],
    '<array><data><value><int>1</int></value><value><array><data><value><string></string></value></data></array></value></data></array>',
  ],
  [{}, '<struct></struct>'],
  [{ 'a&b': 1 }, '<struct><member><name>a&amp;b</name><value><int>1</int></value></member></struct>'],
]
for (const [value, xml] of WRITTEN) {
  test(`writes ${JSON.stringify(xml)}`, () => assert.equal(param(value), xml))
}

const REFUSED: [string, XmlRpcParam, string][] = [
  ['NaN', NaN, 'NaN is no integer of 32 bits'],
  ['a fraction', 1.5, '1.5 is no integer of 32 bits'],
  ['33 bits', 2147483648, '2147483648 is no integer of 32 bits'],
  ['33 bits, negative', -2147483649, '-2147483649 is no integer of 32 bits'],
  ['NUL', 'a\0b', 'XML cannot carry the character U+0000 of "a\\u0000b"'],
  ['ESC', '\x1b[0m', 'XML cannot carry the character U+001B of "\\u001b[0m"'],
  ['half a character', 'x\ud83e', 'XML cannot carry the character U+D83E of "x\\ud83e"'],
  ['a non-character', 'x\uffff', 'XML cannot carry the character U+FFFF of "x\uffff"'],
  ['a bad member name', { '\x07': 1 }, 'XML cannot carry the character U+0007 of "\\u0007"'],
]
for (const [what, value, message] of REFUSED) {
  test(`refuses ${what}`, () =>
    assert.throws(() => encodeCall('m', [value]), { name: 'RangeError', message }))
}

test('refuses a method name that XML cannot carry', () => {
  assert.throws(() => encodeCall('\0', []), RangeError)
})
