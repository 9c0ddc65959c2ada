import assert from 'node:assert/strict'
import { test } from 'node:test'
import { expand, parsePythonIni } from '../../../src/collect/supervisor/conf.ts'

/** What Python 3.11's RawConfigParser, as supervisor 4.2.5 sets it up, gives for each. */
const READ: [what: string, text: string, sections: Record<string, Record<string, string>>][] = [
  ['nothing', '\n; a comment\n  # another\n', {}],
  ['options by = and :, names in lower case', '[a]\nKey = v\nother: w', { a: { key: 'v', other: 'w' } }],
  ['only the first = as a separator', '[a]\nk = a=b:c', { a: { k: 'a=b:c' } }],
  ['inline comments only after white space', '[a]\nk = a#b;c ; no\nl=x\t# no', { a: { k: 'a#b;c', l: 'x' } }],
  [
    'quotes, backslashes, brackets and booleans as they are',
    '[a]\nk[] = "a\\;b"\nt = true',
    { a: { 'k[]': '"a\\;b"', t: 'true' } },
  ],
  [
    'a value that goes on',
    '[include]\nfiles =\n  a.conf ; first\n\n  b.conf\n[b]',
    { include: { files: '\na.conf\nb.conf' }, b: {} },
  ],
  ['the last of two equal options', '[a]\nk=1\nk=2', { a: { k: '2' } }],
  ['sections of one name joined', '[a]\nk=1\n[b]\n[a]\nl=2', { a: { k: '1', l: '2' }, b: {} }],
  ['section names with dots and colons', '[program:a.b]\nk=1', { 'program:a.b': { k: '1' } }],
  ['an empty value', '[a]\nk =', { a: { k: '' } }],
  ['line ends of Windows', '[a]\r\nk=1\r\nl=2\r\n', { a: { k: '1', l: '2' } }],
]
for (const [what, text, sections] of READ) {
  test(`reads ${what}`, () => {
    const read = parsePythonIni(text)
    assert.equal(read.wrong, null)
    assert.deepEqual(
      Object.fromEntries([...read.sections].map(([name, options]) => [name, Object.fromEntries(options)])),
      sections,
    )
  })
}

test('reads a large file in a time that grows with it', () => {
  const startedMs = performance.now()
  parsePythonIni(`[a]\nk = a${' '.repeat(1_000_000)}b`)
  expand('%('.repeat(500_000), () => undefined)
  // It was minutes when each byte was looked at again for each one before it.
  assert.ok(performance.now() - startedMs < 10_000)
})

test('a section named __proto__ is harmless', () => {
  const { sections } = parsePythonIni('[__proto__]\n__proto__ = x')
  assert.equal(sections.get('__proto__')?.get('__proto__'), 'x')
})

const WRONG: [string, string][] = [
  ['k = v', 'line 1: neither a section nor an option'],
  ['[a]\nk = v\nnonsense\nmore', 'line 3: neither a section nor an option'],
  ['[a]\n= v', 'line 2: neither a section nor an option'],
  ['\n[]', 'line 2: neither a section nor an option'],
]
for (const [text, wrong] of WRONG) {
  test(`names the first wrong line of ${JSON.stringify(text)}`, () => {
    assert.equal(parsePythonIni(text).wrong, wrong)
  })
}

test('reads lines of 64 KiB that almost match', () => {
  for (const part of [' ', 'a ', '\t;', '%(a', '[']) {
    const line = part.repeat(65_536 / part.length)
    parsePythonIni(`[a]\n${line}x\nk=${line}x`)
    expand(line, () => undefined)
  }
})

const names = new Map([
  ['here', '/etc'],
  ['ENV_HOME', '/root'],
])
const CASES: [string, ReturnType<typeof expand>][] = [
  ['plain', { value: 'plain' }],
  ['%(here)s/a/%(ENV_HOME)s', { value: '/etc/a//root' }],
  ['100%%', { value: '100%' }],
  ['%%(here)s', { value: '%(here)s' }],
  ['%(ENV_X)s and %(ENV_Y)s', { wrong: '%(ENV_X)s is not known here' }],
  ['50%', { wrong: 'a single % (write %%)' }],
  ['%(here)d', { wrong: 'a single % (write %%)' }],
]
for (const [text, expected] of CASES) {
  test(`expands ${text}`, () =>
    assert.deepEqual(
      expand(text, (name) => names.get(name)),
      expected,
    ))
}
