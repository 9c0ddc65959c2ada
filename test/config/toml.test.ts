import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parse } from 'smol-toml'
import { locateKeys, type KeyPath } from '../../src/config/toml.ts'
import { seededRandom } from '../helpers/seeded-random.ts'

interface Row {
  name: string
  toml: string
  lines: [KeyPath, number | null][]
}

const rows: Row[] = [
  {
    name: 'tables and their keys',
    toml: '# c\n[agent]\n\npush_every = "24s"\n[kuma] # [x]\nurl="u"\n',
    lines: [
      [['agent'], 2],
      [['agent', 'push_every'], 4],
      [['kuma'], 5],
      [['kuma', 'url'], 6],
      [['kuma', 'none'], null],
    ],
  },
  {
    name: 'arrays of tables, with tables inside',
    toml: '[[monitor]]\nname="a"\n[[monitor]]\nname="b"\n[monitor.http]\nurl="u"\n[[monitor.x]]\ny=1\n[[monitor.x]]\ny=2\n',
    lines: [
      [['monitor'], 1],
      [['monitor', 0], 1],
      [['monitor', 0, 'name'], 2],
      [['monitor', 1], 3],
      [['monitor', 1, 'http', 'url'], 6],
      [['monitor', 1, 'x', 0, 'y'], 8],
      [['monitor', 1, 'x', 1], 9],
      [['monitor', 1, 'x', 1, 'y'], 10],
    ],
  },
  {
    name: 'dotted and quoted keys',
    toml: 'agent.push_every = 1\nkuma . "u\\u0072l" = 2\n[kuma2."a.b"]\n\'c]d\'=1\n"e=f".g = 1\n"\\"]" = 1\n',
    lines: [
      [['agent'], 1],
      [['agent', 'push_every'], 1],
      [['kuma', 'url'], 2],
      [['kuma2', 'a.b'], 3],
      [['kuma2', 'a.b', 'c]d'], 4],
      [['kuma2', 'a.b', 'e=f', 'g'], 5],
      [['kuma2', 'a.b', '"]'], 6],
    ],
  },
  {
    name: 'inline tables and arrays over many lines',
    toml: 'a = [ # "[\n  "x", # ]\n  { b = 1, c = [\n 2,\n3 ] },\n]\nd = {}\ne = []\nf = { g.h = 1, "i" = [[1], [2]] }\nj = 1\n',
    lines: [
      [['a', 0], 2],
      [['a', 1], 3],
      [['a', 1, 'b'], 3],
      [['a', 1, 'c', 0], 4],
      [['a', 1, 'c', 1], 5],
      [['a', 2], null],
      [['d'], 7],
      [['e'], 8],
      [['f', 'g', 'h'], 9],
      [['f', 'i', 1, 0], 9],
      [['j'], 10],
    ],
  },
  {
    name: 'strings that look like something else',
    toml: 'a = """\n[x]\nb = 1\n\\""" "\\\\"""\nb = \'\'\'\n# \\\'\'\'\'\'\nc = "\\\\"\nd = \'\\\'\ne = "[# \\" x"\nf = ""\ng = """"""\nh = """""x"""""\ni = 1\n',
    lines: [
      [['a'], 1],
      [['b'], 5],
      [['c'], 7],
      [['d'], 8],
      [['e'], 9],
      [['f'], 10],
      [['g'], 11],
      [['h'], 12],
      [['i'], 13],
      [['x'], null],
    ],
  },
  {
    name: 'numbers, dates and booleans',
    toml: 'a = 1979-05-27 07:32:00Z # x\nb = +1e5\nc = [1979-05-27T07:32:00, true]\nd = false\ne = inf\n',
    lines: [
      [['a'], 1],
      [['b'], 2],
      [['c', 1], 3],
      [['d'], 4],
      [['e'], 5],
    ],
  },
]

/** Every path in a parsed document. */
function pathsOf(value: unknown, path: KeyPath = []): KeyPath[] {
  if (typeof value !== 'object' || value === null || value instanceof Date) return [path]
  const entries: [string | number, unknown][] = Array.isArray(value)
    ? value.map((item: unknown, index) => [index, item])
    : Object.entries(value)
  return [...(path.length === 0 ? [] : [path]), ...entries.flatMap(([key, v]) => pathsOf(v, [...path, key]))]
}

describe('locateKeys', () => {
  for (const { name, toml, lines } of rows) {
    for (const [lineEnd, text] of [
      ['LF', toml],
      ['CRLF', toml.replaceAll('\n', '\r\n')],
      ['a byte order mark', `\uFEFF${toml}`],
    ] as const) {
      test(`finds ${name}, with ${lineEnd}`, () => {
        const root = parse(text)
        const lineOf = locateKeys(text)
        for (const [path, line] of lines) assert.equal(lineOf(path), line, JSON.stringify(path))
        for (const path of pathsOf(root)) assert.notEqual(lineOf(path), null, JSON.stringify(path))
      })
    }
  }

  test('finds every key of documents made at random, on the line that was written', () => {
    const random = seededRandom(20_261)
    for (let round = 0; round < 300; round++) {
      const { toml, written } = randomDocument(random)
      const lineOf = locateKeys(toml)
      for (const path of pathsOf(parse(toml)))
        assert.notEqual(lineOf(path), null, `${toml}\n${path.join('.')}`)
      for (const [path, line] of written) assert.equal(lineOf(path), line, `${toml}\n${path.join('.')}`)
    }
  })
})

function randomDocument(random: () => number): { toml: string; written: [KeyPath, number][] } {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T
  const values = [
    '1',
    '"a # b"',
    "'[x]'",
    '"""\ny = 1\n"""',
    "'''\n[[z]]'''",
    '[\n1,\n[2], # ]\n]',
    '{ p = "}", q = [1, { r = 2 }] }',
    '1979-05-27',
    'true',
    '"\\"" # "',
  ]
  let toml = pick(['', '\uFEFF', '# start\n', '\n\n'])
  const written: [KeyPath, number][] = []
  const line = () => toml.split('\n').length
  let arrays = 0
  for (let table = 0; table < 4; table++) {
    const isArray = random() < 0.5
    const path: KeyPath = isArray ? ['many', arrays++] : [`t ${table}`]
    written.push([path, line()])
    toml += isArray ? '[[ many ]] # [\n' : `["t ${table}"]\n`
    for (let key = 0; key < 5; key++) {
      written.push([[...path, `k${key}`], line()])
      toml += `${pick([`k${key}`, `"k${key}"`, `  'k${key}'  `])}${pick(['=', ' = '])}${pick(values)}${pick(['\n', ' # c = 1\n', '\n\n', '\r\n'])}`
    }
  }
  return { toml, written }
}
