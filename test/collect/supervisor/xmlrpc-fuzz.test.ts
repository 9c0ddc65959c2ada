import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeCall, type XmlRpcParam, type XmlRpcValue } from '../../../src/collect/supervisor/xmlrpc.ts'
import { decodeAnswer, XmlRpcDecodeError } from '../../../src/collect/supervisor/xmlrpc-decode.ts'
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
const text = () => Array.from({ length: below(12) }, () => pick(CHARACTERS)).join('')

const SCALARS: (() => XmlRpcParam)[] = [
  text,
  () => pick([0, 1, -1, 2 ** 31 - 1, -(2 ** 31)]),
  () => below(2 ** 32) - 2 ** 31,
  () => random() < 0.5,
]

function param(depth: number): XmlRpcParam {
  const kind = depth > 5 ? 1 : random()
  if (kind < 0.2) return Array.from({ length: below(5) }, () => param(depth + 1))
  if (kind < 0.4) {
    return Object.fromEntries(
      Array.from({ length: below(5) }, () => [
        pick([text(), '__proto__', 'constructor', '']),
        param(depth + 1),
      ]),
    )
  }
  return pick(SCALARS)()
}

function asDecoded(given: XmlRpcParam): XmlRpcValue {
  if (Array.isArray(given)) return given.map(asDecoded)
  if (typeof given !== 'object') return given
  return new Map(Object.entries(given).map(([name, member]) => [name, asDecoded(member)]))
}

/** The same params as the answer of a server that sends them back. */
const echo = (given: XmlRpcParam) =>
  encodeCall('m', [given])
    .replace('<methodCall><methodName>m</methodName>', '<methodResponse>')
    .replace(/<\/methodCall>$/, '</methodResponse>')

test(`what is encoded is decoded to the same (${rounds} values, seed ${seed})`, () => {
  for (let round = 0; round < rounds; round++) {
    const given = param(0)
    assert.deepEqual(decodeAnswer(Buffer.from(echo(given))), { kind: 'value', value: asDecoded(given) })
  }
})

/** Values of the types that no call has. */
const OTHERS = [
  '<i8>9223372036854775807</i8>',
  '<double>-1.7e308</double>',
  '<nil/>',
  '<base64>AP8Q</base64>',
  '<dateTime.iso8601>20261231T23:59:10</dateTime.iso8601>',
  'no type',
]

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
    let bytes: Buffer = Buffer.from(
      echo(param(0)).replace(/<int>.*?<\/int>/, (found) => pick([found, ...OTHERS])),
    )
    for (let times = 1 + below(3); times > 0; times--) bytes = mutate(bytes)
    try {
      decodeAnswer(bytes)
    } catch (error) {
      refused++
      assert.ok(
        error instanceof XmlRpcDecodeError,
        `${String(error)} for ${JSON.stringify(bytes.toString())}`,
      )
      assert.match(error.message, /^line \d+, column \d+: [^\n]{1,200}$/)
    }
  }
  assert.ok(refused > rounds / 2, `only ${refused} of ${rounds} were refused`)
})
