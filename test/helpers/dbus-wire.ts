/** D-Bus's wire format for a scripted bus; nothing of what is under test is used. */

/** A value with its place in the signature: `v` as [signature, value]; arrays, structs and dict entries as arrays. */
export type WireValue = string | number | bigint | boolean | readonly WireValue[]

export type ByteOrder = 'little' | 'big'

export interface WireCall {
  serial: number
  flags: number
  path: string
  interface: string
  member: string
  /** The strings of the body, arrays flattened: all that our calls ever send. */
  strings: string[]
}

export function encodeReturn(
  replySerial: number,
  signature: string,
  body: readonly WireValue[] | Buffer,
  order: ByteOrder = 'little',
): Buffer {
  return encodeMessage(2, [[5, ['u', replySerial]]], signature, body, order)
}

export function encodeError(replySerial: number, name: string, text: string): Buffer {
  const fields: WireValue[] = [
    [4, ['s', name]],
    [5, ['u', replySerial]],
  ]
  return encodeMessage(3, fields, 's', [text])
}

export function encodeSignal(
  { path, interface: of, member }: { path: string; interface: string; member: string },
  signature: string,
  body: readonly WireValue[],
): Buffer {
  const fields: WireValue[] = [
    [1, ['o', path]],
    [2, ['s', of]],
    [3, ['s', member]],
  ]
  return encodeMessage(4, fields, signature, body)
}

/** @param body values, or their bytes as they are */
export function encodeMessage(
  type: number,
  fields: readonly WireValue[],
  signature: string,
  body: readonly WireValue[] | Buffer,
  order: ByteOrder = 'little',
): Buffer {
  const content = Buffer.isBuffer(body) ? body : encode(signature, body, 0, order)
  const all = signature === '' ? fields : [...fields, [8, ['g', signature]]]
  const start = Buffer.from([order === 'little' ? 0x6c : 0x42, type, 0, 1])
  const lengthAndSerial = [number('u', content.length, order), number('u', 1, order)]
  const header = Buffer.concat([start, ...lengthAndSerial, encode('a(yv)', [all], 12, order)])
  return Buffer.concat([header, padding(header.length, 8), content])
}

function encode(signature: string, values: readonly WireValue[], at: number, order: ByteOrder): Buffer {
  const parts: Buffer[] = []
  let position = at
  const add = (part: Buffer): void => {
    parts.push(part)
    position += part.length
  }
  splitTypes(signature).forEach((type, index) => {
    const value = values[index] as WireValue
    add(padding(position, alignment(type)))
    if (type === 's' || type === 'o' || type === 'g') {
      const bytes = Buffer.from(`${String(value)}\0`)
      add(Buffer.concat([number(type === 'g' ? 'y' : 'u', bytes.length - 1, order), bytes]))
    } else if (type === 'v') {
      const [inner, content] = value as [string, WireValue]
      add(encode('g', [inner], position, order))
      add(encode(inner, [content], position, order))
    } else if (type.startsWith('a')) {
      const element = type.slice(1)
      add(number('u', 0, order))
      const lengthPart = parts.length - 1
      add(padding(position, alignment(element)))
      const start = position
      for (const item of value as readonly WireValue[]) add(encode(element, [item], position, order))
      parts[lengthPart] = number('u', position - start, order)
    } else if (/^[({]/.test(type)) {
      add(encode(type.slice(1, -1), value as readonly WireValue[], position, order))
    } else {
      add(number(type, value as number | bigint | boolean, order))
    }
  })
  return Buffer.concat(parts)
}

/** Takes the whole messages off the front of what arrived; all that a client of ours sends are method calls. */
export function decodeCalls(received: Buffer): { calls: WireCall[]; rest: Buffer } {
  const calls: WireCall[] = []
  let rest = received
  for (;;) {
    if (rest.length < 16) return { calls, rest }
    const fieldsEnd = 16 + rest.readUInt32LE(12)
    const bodyAt = align(fieldsEnd, 8)
    const end = bodyAt + rest.readUInt32LE(4)
    if (rest.length < end) return { calls, rest }
    calls.push(decodeCall(rest.subarray(0, end), fieldsEnd, bodyAt))
    rest = rest.subarray(end)
  }
}

function decodeCall(message: Buffer, fieldsEnd: number, bodyAt: number): WireCall {
  const fields = new Map<number, string>()
  let position = 16
  const text = (size: 1 | 4): string => {
    position = align(position, size)
    const length = size === 1 ? message.readUInt8(position) : message.readUInt32LE(position)
    const start = position + size
    position = start + length + 1
    return message.toString('utf8', start, start + length)
  }
  while (position < fieldsEnd) {
    position = align(position, 8)
    const id = message.readUInt8(position++)
    const type = text(1)
    if (type === 'u') position = align(position, 4) + 4
    else fields.set(id, text(type === 'g' ? 1 : 4))
  }
  position = bodyAt
  const strings: string[] = []
  if (fields.get(8) === 'as') position += 4
  while (position < message.length) strings.push(text(4))
  const field = (id: number): string => fields.get(id) ?? ''
  return {
    serial: message.readUInt32LE(8),
    flags: message.readUInt8(2),
    path: field(1),
    interface: field(2),
    member: field(3),
    strings,
  }
}

/** `a(ss)us` → `a(ss)`, `u`, `s`. */
function splitTypes(signature: string): string[] {
  const types: string[] = []
  let depth = 0
  let type = ''
  for (const letter of signature) {
    type += letter
    if ('({'.includes(letter)) depth++
    if (')}'.includes(letter)) depth--
    if (depth > 0 || letter === 'a') continue
    types.push(type)
    type = ''
  }
  return types
}

function alignment(type: string): number {
  if (/^[({xtd]/.test(type)) return 8
  if (/^[ygv]/.test(type)) return 1
  return /^[nq]/.test(type) ? 2 : 4
}

const align = (position: number, to: number): number => Math.ceil(position / to) * to

const padding = (position: number, to: number): Buffer => Buffer.alloc(align(position, to) - position)

/** Where the number is of a wider kind than its type, the rest of it is cut off. */
function number(type: string, value: number | bigint | boolean, order: ByteOrder): Buffer {
  const bytes = Buffer.alloc(alignment(type))
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const isLittle = order === 'little'
  if (type === 'd') view.setFloat64(0, Number(value), isLittle)
  else if (bytes.length === 8) view.setBigInt64(0, BigInt(value), isLittle)
  else if (bytes.length === 4) view.setInt32(0, Number(value), isLittle)
  else if (bytes.length === 2) view.setInt16(0, Number(value), isLittle)
  else view.setInt8(0, Number(value))
  return bytes
}
