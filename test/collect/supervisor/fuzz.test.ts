import assert from 'node:assert/strict'
import { test } from 'node:test'
import { XmlRpcDecodeError } from '../../../src/collect/supervisor/decode-error.ts'
import { decodePlain } from '../../../src/collect/supervisor/decode-plain.ts'
import { decodeAnswer } from '../../../src/collect/supervisor/decode.ts'
import { encodeCall } from '../../../src/collect/supervisor/encode.ts'
import type { XmlRpcValue } from '../../../src/collect/supervisor/value.ts'
import { seededRandom } from '../../helpers/seeded-random.ts'

// KSP_FUZZ_ROUNDS=1000000 for a long run; KSP_FUZZ_SEED repeats another one.
const rounds = Number(process.env['KSP_FUZZ_ROUNDS'] ?? 3000)
const seed = Number(process.env['KSP_FUZZ_SEED'] ?? 20_260)

const random = seededRandom(seed)
const below = (limit: number) => Math.floor(random() * limit)
const pick = <T>(items: readonly T[]): T => items[below(items.length)] as T

const CHARACTERS = [
  'a',
  'Z',
  '0',
  ' ',
  '\n',
  '\r',
  '\t',
  '&',
  '<',
  '>',
  '"',
  "'",
  ']]>',
  'ö',
  '€',
  '🦉',
  '_',
  ':',
  '\u0085',
]
const NUMBERS = [
  0,
  -0,
  1,
  -1,
  2 ** 31 - 1,
  2 ** 31,
  -(2 ** 31) - 1,
  2 ** 53 - 1,
  2 ** 53,
  0.1,
  -1e-300,
  1.7e308,
]
const text = () => Array.from({ length: below(12) }, () => pick(CHARACTERS)).join('')

const SCALARS: (() => XmlRpcValue)[] = [
  text,
  () => pick(NUMBERS),
  () => below(2 ** 32) - 2 ** 31,
  () => (random() - 0.5) * 10 ** (below(600) - 300),
  () => pick([2n ** 63n - 1n, -(2n ** 63n), 2n ** 60n]),
  () => random() < 0.5,
  () => null,
  () => Buffer.from(Array.from({ length: below(20) }, () => below(256))),
  () => ({ iso8601: `20${10 + below(90)}1231T23:59:${10 + below(50)}` }),
]

function value(depth: number): XmlRpcValue {
  const kind = depth > 5 ? 1 : random()
  if (kind < 0.2) return Array.from({ length: below(5) }, () => value(depth + 1))
  if (kind < 0.4) {
    return new Map(
      Array.from({ length: below(5) }, () => [
        pick([text(), '__proto__', 'constructor', '']),
        value(depth + 1),
      ]),
    )
  }
  return pick(SCALARS)()
}

/** The same params as the answer of a server that sends them back. */
const echo = (given: XmlRpcValue) =>
  encodeCall('m', [given])
    .replace('<methodCall><methodName>m</methodName>', '<methodResponse>')
    .replace(/<\/methodCall>$/, '</methodResponse>')

test(`what is encoded is decoded to the same (${rounds} values, seed ${seed})`, () => {
  let wasPlain = 0
  for (let round = 0; round < rounds; round++) {
    const given = value(0)
    const bytes = Buffer.from(echo(given))
    assert.deepEqual(decodeAnswer(bytes), { kind: 'value', value: given })
    const plain = decodePlain(bytes)
    if (plain === undefined) continue
    assert.deepEqual(plain, given)
    wasPlain++
  }
  assert.ok(wasPlain > rounds / 2, `only ${wasPlain} of ${rounds} were plain`)
})

const SNIPPETS = [
  '<',
  '>',
  '&',
  '</',
  '/>',
  ']]>',
  '<![CDATA[',
  '<!--',
  '<!DOCTYPE a [',
  '&#0;',
  '&#x110000;',
  '&lt;',
  '<?x?>',
  '<value>',
  '</value>',
  '<struct>',
  '<array><data>',
  '<int>',
  '\0',
  '\ufeff',
  '"',
  '=',
]

function mutate(bytes: Buffer): Buffer {
  const at = below(bytes.length + 1)
  const to = at + below(40)
  const [before, between, after] = [bytes.subarray(0, at), bytes.subarray(at, to), bytes.subarray(to)]
  return pick([
    () => before,
    () => Buffer.concat([before, after]),
    () => Buffer.concat([before, between, between, after]),
    () => Buffer.concat([before, Buffer.from(pick(SNIPPETS)), bytes.subarray(at)]),
    () => Buffer.concat([before, Buffer.from([below(256)]), bytes.subarray(at + 1)]),
    () => Buffer.concat([after, before]),
  ])()
}

test(`any damage gives a value or a decode error in one short line (${rounds} documents, seed ${seed})`, () => {
  let refused = 0
  for (let round = 0; round < rounds; round++) {
    let bytes: Buffer = Buffer.from(echo(value(0)))
    for (let times = 1 + below(3); times > 0; times--) bytes = mutate(bytes)
    const plain = decodePlain(bytes)
    try {
      const answer = decodeAnswer(bytes)
      if (plain !== undefined) assert.deepEqual(answer, { kind: 'value', value: plain })
    } catch (error) {
      refused++
      assert.equal(plain, undefined, `taken for plain: ${JSON.stringify(bytes.toString())}`)
      assert.ok(
        error instanceof XmlRpcDecodeError,
        `${String(error)} for ${JSON.stringify(bytes.toString())}`,
      )
      assert.match(error.message, /^line \d+, column \d+: [^\n]{1,200}$/)
    }
  }
  assert.ok(refused > rounds / 2, `only ${refused} of ${rounds} were refused`)
})
