import { encodeReturn, splitTypes, type WireValue } from './dbus-wire.ts'
import { seededRandom } from './seeded-random.ts'

const SIMPLE = 'ybnqiuxtdsog'.split('')
const LETTERS = 'ybnqiuxtdsogvha(){}\0'.split('')
const NUMBERS = [0, 1, 2, 4, 7, 8, 255, 256, 65_536, 0x7fff_ffff, 0x8000_0000, 0xffff_fff8, 0xffff_ffff]
const TEXTS = ['', 'x', 'größe', '/a/b', 'x'.repeat(300)]

/** Makes D-Bus messages of any types, and damages messages; the same ones for the same seed. */
export function createMessageMaker(seed: number) {
  const random = seededRandom(seed)
  const below = (limit: number): number => Math.floor(random() * limit)
  const pick = <T>(from: readonly T[]): T => from[below(from.length)] as T
  const upTo = <T>(most: number, make: () => T): T[] => Array.from({ length: below(most + 1) }, make)

  const type = (depth: number): string => {
    const kind = depth === 0 ? 'simple' : pick(['simple', 'simple', 'simple', 'v', 'a', 'a', 'a{', '('])
    if (kind === 'a') return `a${type(depth - 1)}`
    if (kind === 'a{') return `a{${pick(SIMPLE)}${type(depth - 1)}}`
    if (kind === '(') return `(${type(depth - 1)}${upTo(3, () => type(depth - 1)).join('')})`
    return kind === 'v' ? 'v' : pick(SIMPLE)
  }
  const value = (of: string): WireValue => {
    if (of === 'v') {
      const inner = type(1)
      return [inner, value(inner)]
    }
    if (of.startsWith('a')) return upTo(3, () => value(of.slice(1)))
    if (/^[({]/.test(of)) return splitTypes(of.slice(1, -1)).map(value)
    if (of === 'g') return pick(['', 's', 'a{sv}'])
    return /^[so]/.test(of) ? pick(TEXTS) : pick(NUMBERS)
  }
  const message = (): Buffer => {
    const types = upTo(4, () => type(3))
    return encodeReturn(1 + below(1000), types.join(''), types.map(value), pick(['little', 'big']))
  }

  const damagedOnce = (bytes: Buffer): Buffer => {
    const at = below(bytes.length - 4)
    const from = at - (at % 4)
    return pick([
      () => bytes.fill(below(256), at, at + 1),
      () => bytes.fill(pick(LETTERS), at, at + 1),
      () => bytes.fill(u32(pick(NUMBERS)), from, from + 4),
      () => Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + below(9))]),
      () => Buffer.concat([bytes.subarray(0, at), Buffer.alloc(below(9)), bytes.subarray(at)]),
    ])()
  }
  /** Of the length that it tells itself, as a reader takes it out of a stream. */
  const damaged = (bytes: Buffer): Buffer => {
    let made: Buffer = Buffer.from(bytes)
    for (let times = 1 + below(3); times > 0; times--) made = damagedOnce(made)
    made = padded(made, 16)
    const number = (at: number): number => (made[0] === 0x6c ? made.readUInt32LE(at) : made.readUInt32BE(at))
    const length = 16 + Math.ceil(number(12) / 8) * 8 + number(4)
    return length > 100_000 ? made : padded(made, length).subarray(0, length)
  }
  return { pick, message, damaged }
}

function padded(bytes: Buffer, length: number): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(Math.max(0, length - bytes.length))])
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
