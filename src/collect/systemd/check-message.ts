import { parseSignature, type WireType } from './parse-signature.ts'

/** Far more than systemd has to say; the library makes up to 200 bytes of one. The protocol itself allows 128 MiB. */
const MAX_BYTES = 256 * 1024
/** Containers and variants in one another. */
const MAX_DEPTH = 64
const LITTLE_ENDIAN = 0x6c
const BIG_ENDIAN = 0x42
const VERSION = 1
/** Of the header fields 1 to 9; another number may hold anything. */
const FIELD_TYPES = ' osssussgu'
const SIGNATURE_FIELD = 8

/**
 * Looks at the first 16 bytes of a message, before the rest of it is gathered.
 * @throws {Error} where no message that systemd would send begins so
 */
export function checkStart(start: Buffer): void {
  const isOne = (start[0] === LITTLE_ENDIAN || start[0] === BIG_ENDIAN) && start[3] === VERSION
  if (!isOne || fieldsBytes(start) === 0)
    throw new Error(`${start.toString('hex')} is not the beginning of a message`)
  const bytes = start.length + restBytes(start)
  if (bytes > MAX_BYTES) throw new RangeError(`a message of ${bytes} bytes`)
}

/**
 * Walks over a message as the library is going to read it. That checks neither that a value lies inside the message nor
 * that an element of an array takes a byte at all: a damaged one would fill the memory with values that are not there.
 * @param start its first 16 bytes, which `checkStart` found good
 * @param rest its header fields and its body
 * @throws {Error} where its form is damaged; the values are for others to judge
 * @see https://dbus.freedesktop.org/doc/dbus-specification.html#message-protocol-marshaling
 */
export function checkMessage(start: Buffer, rest: Buffer): void {
  const inside = (end: number): number => {
    if (end > rest.length) throw new RangeError('a message with a value past its end')
    return end
  }
  const byteAt = (at: number): number => rest.readUInt8(inside(at + 1) - 1)
  const lengthAt = (at: number): number => uint32(start, rest, inside(at + 4) - 4)
  const endOfText = (from: number, bytes: number): number => {
    const end = inside(from + bytes + 1)
    if (rest[end - 1] !== 0) throw new Error('a message with a string without its end')
    return end
  }
  const endOfSignature = (at: number): number => endOfText(at + 1, byteAt(at))
  const signatureTo = (end: number, at: number): string => rest.toString('latin1', at + 1, end - 1)

  /** Where a value ends, if it begins here or, for its alignment, a little later. */
  const endOf = ({ code, alignment, children }: WireType, from: number, depth: number): number => {
    if (depth > MAX_DEPTH) throw new RangeError(`a message of more than ${MAX_DEPTH} levels`)
    const at = aligned(from, alignment)
    const element = children[0]
    if (code === 's' || code === 'o') return endOfText(at + 4, lengthAt(at))
    if (code === 'g') return endOfSignature(at)
    if (code === 'v') {
      const begin = endOfSignature(at)
      return endOf(singleType(signatureTo(begin, at)), begin, depth + 1)
    }
    if (element === undefined) return inside(at + alignment)
    if (code !== 'a') return children.reduce((place, member) => endOf(member, place, depth + 1), at)
    let place = aligned(at + 4, element.alignment)
    const end = inside(place + lengthAt(at))
    while (place < end) place = endOf(element, place, depth + 1)
    return exactly(place, end)
  }

  exactly(rest.length, restBytes(start))
  const fieldsEnd = fieldsBytes(start)
  let signature = ''
  let place = 0
  while (place < fieldsEnd) {
    const at = aligned(place, 8)
    const field = byteAt(at)
    const begin = endOfSignature(at + 1)
    const type = signatureTo(begin, at + 1)
    if (field < FIELD_TYPES.length && type !== FIELD_TYPES[field])
      throw new Error(`a message with a header field ${field} of type "${type}"`)
    // Array, struct and variant.
    place = endOf(singleType(type), begin, 3)
    if (field === SIGNATURE_FIELD) signature = signatureTo(place, begin)
  }
  place = aligned(exactly(place, fieldsEnd), 8)
  for (const type of parseSignature(signature)) place = endOf(type, place, 0)
  exactly(place, rest.length)
}

const fieldsBytes = (start: Buffer): number => uint32(start, start, 12)

/** The header fields, what they are filled up with, and the body. */
const restBytes = (start: Buffer): number => aligned(fieldsBytes(start), 8) + uint32(start, start, 4)

function singleType(signature: string): WireType {
  const types = parseSignature(signature)
  const type = types[0]
  if (type === undefined || types.length > 1) throw new Error(`a message with a variant of "${signature}"`)
  return type
}

function exactly(place: number, end: number): number {
  if (place !== end) throw new Error(`a message with a part that ends at byte ${place} instead of ${end}`)
  return end
}

const aligned = (place: number, to: number): number => Math.ceil(place / to) * to

function uint32(start: Buffer, bytes: Buffer, at: number): number {
  return start[0] === LITTLE_ENDIAN ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at)
}
