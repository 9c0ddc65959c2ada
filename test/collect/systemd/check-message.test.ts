import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkMessage, checkStart } from '../../../src/collect/systemd/check-message.ts'
import {
  encodeError,
  encodeMessage,
  encodeReturn,
  encodeSignal,
  type WireValue,
} from '../../helpers/dbus-wire.ts'
import { recordedMessages } from '../../helpers/recorded-messages.ts'

function check(message: Buffer): void {
  const start = message.subarray(0, 16)
  checkStart(start)
  checkMessage(start, message.subarray(16))
}

const VALUES: readonly [signature: string, ...body: WireValue[]][] = [
  [''],
  ['y', 255],
  ['b', true],
  ['n', -2],
  ['q', 65_535],
  ['i', -2],
  ['u', 4_294_967_295],
  ['x', -2n],
  ['t', 18_446_744_073_709_551_615n],
  ['d', 0.1],
  ['s', ''],
  ['s', 'größe 🦉'],
  ['o', '/a/b'],
  ['g', 'a{sv}(ii)'],
  ['v', ['s', 'x']],
  ['v', ['v', ['a(yv)', [[1, ['t', 2n]]]]]],
  ['ay', [1, 2, 3]],
  ['yax', 1, []],
  ['yat', 1, [1n, 2n]],
  ['an', [1, 2, 3]],
  ['aas', [['a'], [], ['bc', '']]],
  ['a{sv}', [['a', ['u', 1]], ['b', ['as', ['x']]]]],
  ['a{ya{sv}}', [[1, [['b', ['d', 1]]]], [2, []]]],
  ['(y(t)s)', [1, [2n], 'x']],
  ['a(ssssssouso)', [['a', 'a', 'loaded', 'active', 'running', '', '/a', 0, '', '/']]],
  ['yyyyyyyy', 1, 2, 3, 4, 5, 6, 7, 8],
] // prettier-ignore

test('takes a message of any type, in either byte order', () => {
  for (const [signature, ...body] of VALUES) {
    for (const order of ['little', 'big'] as const) {
      const message = encodeReturn(7, signature, body, order)
      assert.doesNotThrow(() => check(message), `${signature} ${order}`)
    }
  }
  const place = { path: '/', interface: 'a.b', member: 'c' }
  check(encodeSignal(place, 'sa{sv}as', ['x', [['y', ['b', true]]], []]))
  check(encodeError(7, 'a.b', 'no'))
  check(encodeMessage(2, [[200, ['as', ['of a later version']]]], '', []))
})

test('takes what a real systemd sends, and nothing of it that is cut or has more at its end', () => {
  const messages = recordedMessages()
  assert.equal(messages.length, 20)
  for (const message of messages) {
    check(message)
    const bodyBytes = message.readUInt32LE(4)
    for (let cut = 1; cut <= bodyBytes; cut++) {
      const shorter = message.subarray(0, -cut)
      assert.throws(() => check(shorter), /instead of/)
      assert.throws(() => check(patched(shorter, 4, bodyBytes - cut)), /^(Range)?Error: a message with /)
    }
    for (const more of [1, 8, 100]) {
      const longer = Buffer.concat([message, Buffer.alloc(more)])
      assert.throws(() => check(longer), /instead of/)
      assert.throws(() => check(patched(longer, 4, bodyBytes + more)), /instead of/)
    }
  }
})

test('takes as much nesting as the specification allows, and no more', () => {
  const arrays = (count: number): Buffer => encodeReturn(7, `${'a'.repeat(count)}y`, [[]])
  const structs = (count: number): Buffer => {
    const value = Array.from({ length: count }).reduce<WireValue>((inner) => [inner], 7)
    return encodeReturn(7, `${'('.repeat(count)}y${')'.repeat(count)}`, [value])
  }
  const variants = (count: number): Buffer => {
    const value = Array.from({ length: count - 1 }).reduce<WireValue>((inner) => ['v', inner], ['y', 7])
    return encodeReturn(7, 'v', [value])
  }
  for (const [nest, limit] of [
    [arrays, 32],
    [structs, 32],
    [variants, 64],
  ] as const) {
    // prettier-ignore
    assert.doesNotThrow(() => check(nest(limit)))
    assert.throws(() => check(nest(limit + 1)), /a message (with the signature|of more than 64 levels)/)
  }
})

test('refuses a signature that is none', () => {
  const wrong = ['a', '()', 'a()', '(', '(y', ')', 'y)', '{sv}', 'a{s}', 'a{svv}', 'a{vs}', 'a{(y)s}', 'a{}', 'a{sv', '(a)', 'z', 'h', 'r', 'a{sv)', '(y}', 'e', 'ä'] // prettier-ignore
  for (const signature of wrong) {
    const refused = { message: /^a message with (the signature|a variant of) "/ }
    const body = Buffer.alloc(64)
    assert.throws(() => check(encodeReturn(7, signature, body)), refused, signature)
    const variant = Buffer.concat([
      Buffer.from([Buffer.byteLength(signature)]),
      Buffer.from(`${signature}\0`),
      body,
    ])
    assert.throws(() => check(encodeReturn(7, 'v', variant)), refused, signature)
  }
  for (const signature of ['', 'yy', 'asu']) {
    const variant = Buffer.from([signature.length, ...Buffer.from(signature), 0, 0, 0, 0, 0, 0])
    assert.throws(() => check(encodeReturn(7, 'v', variant)), {
      message: `a message with a variant of "${signature}"`,
    })
  }
})

test('refuses values that are not there', () => {
  const bytes = (...given: (number | string)[]): Buffer =>
    Buffer.concat(given.map((part) => (typeof part === 'string' ? Buffer.from(part) : u32(part))))
  const past = /^a message with a value past its end$/
  const table: [what: string, signature: string, body: Buffer, message: RegExp][] = [
    ['an array of variants past the end', 'av', bytes(0xffff_fff0), past],
    ['an array of bytes past the end', 'ay', bytes(5, 'abcd'), past],
    ['an array of structs past the end', 'a(y)', bytes(0x7fff_ffff, 0, 'abcd'), past],
    ['an element past its array', 'as', bytes(5, 1, 'a\0\0\0', 1, 'a\0'), /ends at byte \d+ instead of \d+$/],
    ['half an element', 'au', bytes(6, 1, 2), /ends at byte \d+ instead of \d+$/],
    ['a string past the end', 's', bytes(0xffff_ffff, 'abcd'), past],
    ['a string without its end', 's', bytes(4, 'abcde'), /^a message with a string without its end$/],
    ['a signature past the end', 'g', Buffer.from([255, 0x79, 0]), past],
    ['a number past the end', 't', bytes(1), past],
    ['no value', 'y', Buffer.alloc(0), past],
    ['a value without a signature', '', bytes(1), /ends at byte \d+ instead of \d+$/],
    ['padding past the end', 'ax', bytes(0), past],
  ]
  for (const [what, signature, body, message] of table) {
    assert.throws(() => check(encodeReturn(7, signature, body)), { message }, what)
  }
})

test('refuses header fields that are none', () => {
  const good = encodeReturn(7, 's', ['x'])
  const fieldsBytes = good.readUInt32LE(12)
  for (const bytes of [fieldsBytes - 1, fieldsBytes + 1, fieldsBytes + 8, 300]) {
    assert.throws(
      () => check(patched(good, 12, bytes)),
      /^(Range)?Error: a message with a (value|part|header field) /,
      `${bytes}`,
    )
  }
  for (const field of [
    [0, ['y', 1]],
    [1, ['s', '/']],
    [5, ['s', 'x']],
    [8, ['s', 's']],
    [9, ['as', []]],
  ] as const) {
    // prettier-ignore
    const message = `a message with a header field ${field[0]} of type "${field[1][0]}"`
    assert.throws(() => check(encodeMessage(2, [field], '', [])), { message })
  }
})

test('refuses what cannot be the beginning of a message, before more of it is read', () => {
  const good = encodeReturn(7, 's', ['x'])
  const start = (at: number, value: number): Buffer => patched(good, at, value).subarray(0, 16)
  const table: [start: Buffer, message: RegExp][] = [
    [Buffer.from('HTTP/1.1 400 Bad'), /^485454502f312e312034303020426164 is not the beginning of a message$/],
    [Buffer.alloc(16), /is not the beginning of a message$/],
    [start(0, 0x0201_026c), /is not the beginning of a message$/],
    [start(12, 0), /is not the beginning of a message$/],
    [start(12, 0xffff_fff9), /^a message of 42949\d{5} bytes$/],
    [start(12, 0xffff_ffff), /^a message of 42949\d{5} bytes$/],
    [start(12, 0x8000_0000), /^a message of 21474\d{5} bytes$/],
    [start(4, 0xffff_ffff), /^a message of 42949\d{5} bytes$/],
    [start(4, 256 * 1024), /^a message of 262\d{3} bytes$/],
  ]
  for (const [bytes, message] of table) assert.throws(() => checkStart(bytes), { message })
})

function patched(message: Buffer, at: number, value: number): Buffer {
  const copy = Buffer.from(message)
  copy.writeUInt32LE(value, at)
  return copy
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
