import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeCall } from '../../../src/collect/supervisor/encode.ts'
import type { XmlRpcValue } from '../../../src/collect/supervisor/value.ts'

const param = (value: XmlRpcValue) =>
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

const WRITTEN: [XmlRpcValue, string][] = [
  [0, '<int>0</int>'],
  [-2147483648, '<int>-2147483648</int>'],
  [2147483647, '<int>2147483647</int>'],
  [2147483648, '<i8>2147483648</i8>'],
  [-2147483649, '<i8>-2147483649</i8>'],
  [9223372036854775807n, '<i8>9223372036854775807</i8>'],
  [-9223372036854775808n, '<i8>-9223372036854775808</i8>'],
  [1.5, '<double>1.5</double>'],
  [-0, '<double>-0</double>'],
  [1e300, '<double>1e+300</double>'],
  [true, '<boolean>1</boolean>'],
  [false, '<boolean>0</boolean>'],
  [null, '<nil/>'],
  ['', '<string></string>'],
  ['a & b < c > d "e" \'f\'', '<string>a &amp; b &lt; c &gt; d "e" \'f\'</string>'],
  [']]>', '<string>]]&gt;</string>'],
  ['tab\tline\nreturn\r', '<string>tab\tline\nreturn&#13;</string>'],
  ['größe 🦉 ünï', '<string>größe 🦉 ünï</string>'],
  [Buffer.from([0, 255, 16]), '<base64>AP8Q</base64>'],
  [{ iso8601: '19980717T14:08:55' }, '<dateTime.iso8601>19980717T14:08:55</dateTime.iso8601>'],
  [[], '<array><data></data></array>'],
  [
    [1, [null]],
    '<array><data><value><int>1</int></value><value><array><data><value><nil/></value></data></array></value></data></array>',
  ],
  [new Map(), '<struct></struct>'],
  [
    new Map([['a&b', 1]]),
    '<struct><member><name>a&amp;b</name><value><int>1</int></value></member></struct>',
  ],
]
for (const [value, xml] of WRITTEN) {
  test(`writes ${JSON.stringify(xml)}`, () => assert.equal(param(value), xml))
}

let deep: XmlRpcValue = 1
for (let level = 0; level < 64; level++) deep = [deep]

const REFUSED: [string, XmlRpcValue, string][] = [
  ['NaN', NaN, 'XML-RPC cannot carry the number NaN'],
  ['infinity', -Infinity, 'XML-RPC cannot carry the number -Infinity'],
  ['65 bits', 9223372036854775808n, '9223372036854775808 does not fit into 64 bits'],
  ['65 bits, negative', -9223372036854775809n, '-9223372036854775809 does not fit into 64 bits'],
  ['NUL', 'a\0b', 'XML cannot carry the character U+0000 of "a\\u0000b"'],
  ['ESC', '\x1b[0m', 'XML cannot carry the character U+001B of "\\u001b[0m"'],
  ['half a character', 'x\ud83e', 'XML cannot carry the character U+D83E of "x\\ud83e"'],
  ['a non-character', 'x\uffff', 'XML cannot carry the character U+FFFF of "x\uffff"'],
  ['a bad member name', new Map([['\x07', 1]]), 'XML cannot carry the character U+0007 of "\\u0007"'],
  ['a time that is none', { iso8601: 'yesterday' }, 'not an ISO 8601 time: "yesterday"'],
  ['65 levels', deep, 'a value nests deeper than 64 levels'],
]
for (const [what, value, message] of REFUSED) {
  test(`refuses ${what}`, () =>
    assert.throws(() => encodeCall('m', [value]), { name: 'RangeError', message }))
}

test('refuses a method name that XML cannot carry', () => {
  assert.throws(() => encodeCall('\0', []), RangeError)
})
