import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asFault, type XmlRpcValue } from '../../../src/collect/supervisor/xmlrpc.ts'
import { decodeAnswer, XmlRpcDecodeError } from '../../../src/collect/supervisor/xmlrpc-decode.ts'

const decode = (xml: string) => decodeAnswer(Buffer.from(xml))
const answer = (value: string) =>
  `<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value>${value}</value>\n</param>\n</params>\n</methodResponse>\n`
const member = (name: string, value: string) => `<member><name>${name}</name><value>${value}</value></member>`

const READ: [string, XmlRpcValue][] = [
  ['<int>41</int>', 41],
  ['<i4>-7</i4>', -7],
  ['<int>+7</int>', 7],
  ['<int>-0</int>', 0],
  ['<int> 0012\n</int>', 12],
  ['<int>2147483647</int>', 2147483647],
  ['<int>-2147483648</int>', -2147483648],
  ['<i8>+9007199254740991</i8>', 9007199254740991],
  ['<i8>9223372036854775807</i8>', 9223372036854775807n],
  ['<i8>-9223372036854775808</i8>', -9223372036854775808n],
  ['<boolean>1</boolean>', true],
  ['<boolean> 0 </boolean>', false],
  ['<string>a</string>', 'a'],
  ['<string> a\n</string>', ' a\n'],
  ['<string></string>', ''],
  ['<string/>', ''],
  ['no type', 'no type'],
  ['', ''],
  ['  ', '  '],
  ['<string>&lt;&amp;&gt;&quot;&apos;&#65;&#x1F989;</string>', '<&>"\'A🦉'],
  ['<string>größe</string>', 'größe'],
  ['<string>a<![CDATA[<b>&]]>c</string>', 'a<b>&c'],
  ['<int>4<!-- and -->2</int>', 42],
  ['<double>-1.5</double>', -1.5],
  ['<double>2</double>', 2],
  ['<double>2.</double>', 2],
  ['<double>.5e-3</double>', 0.0005],
  ['<double>1e+300</double>', 1e300],
  ['<dateTime.iso8601>19980717T14:08:55</dateTime.iso8601>', '19980717T14:08:55'],
  ['<dateTime.iso8601>1998-07-17T14:08:55Z</dateTime.iso8601>', '1998-07-17T14:08:55Z'],
  ['<base64>\nAP8Q\n</base64>', 'AP8Q'],
  ['<nil/>', null],
  ['<nil></nil>', null],
  ['<array><data/></array>', []],
  ['<array>\n <data>\n <value>a</value> <value><int>1</int></value>\n</data> </array>', ['a', 1]],
  ['<struct/>', new Map()],
  [`<struct>\n${member('a b', '<int>1</int>')}\n</struct>`, new Map([['a b', 1]])],
  ['<struct><member><name/><value/></member></struct>', new Map([['', '']])],
  [`<struct>${member('x', '1')}${member('x', '2')}</struct>`, new Map([['x', '2']])],
  ['\n <int>1</int>\n ', 1],
]
for (const [xml, value] of READ) {
  test(`reads ${JSON.stringify(xml)}`, () => assert.deepEqual(decode(answer(xml)), { kind: 'value', value }))
}

test('a member named __proto__ is a member like any other', () => {
  const read = decode(answer(`<struct>${member('__proto__', 'x')}${member('constructor', 'y')}</struct>`))
  assert.equal(read.kind, 'value')
  const struct = (read as { value: XmlRpcValue }).value as Map<string, XmlRpcValue>
  assert.deepEqual(
    [...struct],
    [
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ],
  )
  assert.equal(Object.getPrototypeOf(struct), Map.prototype)
})

test('reads a document without a declaration, with a byte order mark, with UTF-8 named, and of version 1.1', () => {
  const body = '<methodResponse><params><param><value>x</value></param></params></methodResponse>'
  for (const start of ['', '\ufeff', '<?xml version="1.0" encoding="utf-8"?>', '<?xml version="1.1"?>']) {
    assert.deepEqual(decode(start + body), { kind: 'value', value: 'x' })
  }
})

const nested = (levels: number) =>
  answer('<array><data><value>'.repeat(levels - 1) + '</value></data></array>'.repeat(levels - 1))

test('reads 64 levels and refuses 65', () => {
  assert.equal(decode(nested(64)).kind, 'value')
  assert.throws(() => decode(nested(65)), /: values nest deeper than 64 levels$/)
  assert.throws(() => decode(nested(100_000)), /: values nest deeper than 64 levels$/)
})

const fault = (code: string, message: string) =>
  `<methodResponse><fault><value><struct>${member('faultCode', code)}${member('faultString', message)}` +
  '</struct></value></fault></methodResponse>'

test('a fault is an answer of its own kind', () => {
  assert.deepEqual(decode(fault('<int>6</int>', '<string>SHUTDOWN_STATE</string>')), {
    kind: 'fault',
    code: 6,
    message: 'SHUTDOWN_STATE',
  })
})

test('knows the struct of a fault from other values', () => {
  const struct = new Map<string, XmlRpcValue>([
    ['faultCode', 1],
    ['faultString', 'UNKNOWN_METHOD'],
  ])
  assert.deepEqual(asFault(struct), { kind: 'fault', code: 1, message: 'UNKNOWN_METHOD' })
  assert.equal(asFault(new Map([['faultCode', 1]])), null)
  assert.equal(asFault([struct]), null)
  assert.equal(asFault(undefined), null)
})

const open = '<methodResponse><params><param><value>'
const close = '</params></methodResponse>'
const misplaced = (tag: string, where: string) => `<${tag}> is too many, or in the wrong place, in <${where}>`

/** What it is, the document, and the message after the place (empty: any). */
const REFUSED: [string, string, string][] = [
  ['nothing', '', 'document must contain a root element'],
  ['text', 'no such page', ''],
  ['JSON', '{"ok":true}', ''],
  ['HTML', '<!DOCTYPE html><html><body>hi</body></html>', 'a document type definition is not allowed'],
  ['HTML without a doctype', '<html><body>hi</body></html>', '<html> is not allowed here'],
  ['a name without end', `<${'x'.repeat(100_000)}/>`, `<${'x'.repeat(40)}> is not allowed here`],
  [
    'an entity bomb',
    `<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]>${answer('&c;').slice(22)}`,
    'a document type definition is not allowed',
  ],
  [
    'an external entity',
    '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
    'a document type definition is not allowed',
  ],
  ['an entity of HTML', answer('a&nbsp;b'), 'undefined entity'],
  ['a bare ampersand', answer('a & b'), ''],
  ['a processing instruction', '<?php echo 1 ?><a/>', 'a processing instruction is not allowed'],
  [
    'a style sheet',
    "<?xml version='1.0'?><?xml-stylesheet href='x'?><a/>",
    'a processing instruction is not allowed',
  ],
  [
    'a foreign encoding',
    "<?xml version='1.0' encoding='ISO-8859-1'?><a/>",
    'the encoding ISO-8859-1 is not supported, only UTF-8',
  ],
  ['NUL in a string', answer('<string>a\0b</string>'), 'disallowed character'],
  ['ESC in a string', answer('<string>\x1b[31mred</string>'), 'disallowed character'],
  ['a control character as a number', answer('<string>&#27;</string>'), ''],
  ['a control character by XML 1.1', `<?xml version="1.1"?>${open}&#1;</value></param>${close}`, ''],
  ['truncation', answer('x').slice(0, -20), ''],
  ['truncation in a tag', open.slice(0, -3), ''],
  ['truncation in a value', `${open}<string>abc`, ''],
  ['two documents', answer('a') + answer('b'), ''],
  ['a wrong end', `${open}</string>`, ''],
  ['two values in a param', `${open}a</value><value>b</value></param>${close}`, misplaced('value', 'param')],
  ['two params', `${open}a</value></param><param/>${close}`, misplaced('param', 'params')],
  ['no param', '<methodResponse><params/></methodResponse>', '<params> is not complete'],
  ['nothing in the answer', '<methodResponse/>', '<methodResponse> is not complete'],
  ['no value', `<methodResponse><params><param/>${close}`, '<param> is not complete'],
  [
    'params and a fault',
    `${open}a</value></param></params><fault/></methodResponse>`,
    misplaced('fault', 'methodResponse'),
  ],
  ['a call', '<methodCall/>', '<methodCall> is not allowed here'],
  ['a type that there is not', answer('<float>1</float>'), '<float> is not allowed in <value>'],
  ['a prefix', answer('<ex:nil/>'), '<ex:nil> is not allowed in <value>'],
  ['two types in a value', answer('<int>1</int><int>1</int>'), misplaced('int', 'value')],
  ['a type beside text', answer('a<int>1</int>'), 'text is not allowed in <value>: "a"'],
  ['an element in a scalar', answer('<int><b/></int>'), '<b> is not allowed in <int>'],
  ['an element in a name', answer('<struct><member><name><b/>'), '<b> is not allowed in <name>'],
  ['text in an array', answer('<array>x<data/></array>'), 'text is not allowed in <array>: "x"'],
  ['an array without data', answer('<array/>'), '<array> is not complete'],
  ['two data', answer('<array><data/><data/></array>'), misplaced('data', 'array')],
  ['a value outside data', answer('<array><value/></array>'), '<value> is not allowed in <array>'],
  ['a value in a struct', answer('<struct><value/></struct>'), '<value> is not allowed in <struct>'],
  [
    'a member without a value',
    answer('<struct><member><name>a</name></member></struct>'),
    '<member> is not complete',
  ],
  [
    'a member without a name',
    answer('<struct><member><value/></member></struct>'),
    misplaced('value', 'member'),
  ],
  [
    'a member with two names',
    answer('<struct><member><name/><name/></member></struct>'),
    misplaced('name', 'member'),
  ],
  [
    'a member with two values',
    answer('<struct><member><name/><value/><value/></member></struct>'),
    misplaced('value', 'member'),
  ],
  ['an int with a point', answer('<int>1.0</int>'), 'expected a whole number, got "1.0" in <int>'],
  ['an empty int', answer('<int/>'), 'expected a whole number, got "" in <int>'],
  ['hexadecimal', answer('<i4>0x10</i4>'), 'expected a whole number, got "0x10" in <i4>'],
  ['33 bits', answer('<int>2147483648</int>'), 'expected a number of 32 bits, got "2147483648" in <int>'],
  [
    '33 bits, negative',
    answer('<i4>-2147483649</i4>'),
    'expected a number of 32 bits, got "-2147483649" in <i4>',
  ],
  [
    'an int without end',
    answer(`<i8>${'9'.repeat(100_000)}</i8>`),
    `expected a whole number, got "${'9'.repeat(40)}" in <i8>`,
  ],
  ['an i8 that is none', answer('<i8>x</i8>'), 'expected a whole number, got "x" in <i8>'],
  [
    '65 bits',
    answer('<i8>9223372036854775808</i8>'),
    'expected a number of 64 bits, got "9223372036854775808" in <i8>',
  ],
  [
    '65 bits, negative',
    answer('<i8>-9223372036854775809</i8>'),
    'expected a number of 64 bits, got "-9223372036854775809" in <i8>',
  ],
  ['a boolean in words', answer('<boolean>true</boolean>'), 'expected 0 or 1, got "true" in <boolean>'],
  ['NaN', answer('<double>nan</double>'), 'expected a number, got "nan" in <double>'],
  [
    'a double too large',
    answer('<double>1e999</double>'),
    'expected a number of 64 bits, got "1e999" in <double>',
  ],
  ['a fault of a wrong code', fault('x', 'y'), 'a fault needs a number faultCode and a string faultString'],
  [
    'a fault that is a text',
    '<methodResponse><fault><value>x</value></fault></methodResponse>',
    'a fault needs a number faultCode and a string faultString',
  ],
]
for (const [what, xml, expected] of REFUSED) {
  test(`refuses ${what}`, () => {
    assert.throws(
      () => decode(xml),
      (error: unknown) => {
        assert.ok(error instanceof XmlRpcDecodeError, String(error))
        const [, message] =
          /^line \d+, column \d+: ([^\n]{5,120})$/.exec(error.message) ?? assert.fail(error.message)
        if (expected !== '') assert.equal(message, expected)
        return true
      },
    )
  })
}

test('tells the line and the column', () => {
  assert.throws(() => decode(answer('<string>a\0b</string>')), {
    message: 'line 5, column 17: disallowed character',
  })
  assert.throws(() => decode(answer('<float/>')), {
    message: 'line 5, column 15: <float> is not allowed in <value>',
  })
})

test('refuses bytes that are not UTF-8', () => {
  assert.throws(() => decodeAnswer(Buffer.from(answer('grüße'), 'latin1')), {
    name: 'XmlRpcDecodeError',
    message: 'line 1, column 0: the answer is not UTF-8',
  })
})

test('gives control characters as their pictures where that is asked for', () => {
  const bytes = Buffer.from(answer('<string>a\0b\u001b[31m\tc</string>'))
  assert.deepEqual(decodeAnswer(bytes, 'picture'), { kind: 'value', value: 'a␀b␛[31m\tc' })
})

test('reads a text of 15 MB', () => {
  const text = 'ö€🦉 '.repeat(1_500_000)
  assert.deepEqual(decode(answer(`<string>${text}</string>`)), { kind: 'value', value: text })
})
