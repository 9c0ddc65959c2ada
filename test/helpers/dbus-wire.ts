/** Just enough of D-Bus's little-endian wire format for a scripted bus; nothing of the library under test is used. */

/** A value with its place in the signature: `s o g u i b t y`, `v` as [signature, value], arrays and structs as arrays. */
export type WireValue = string | number | bigint | boolean | readonly WireValue[]

export interface WireCall {
  serial: number
  flags: number
  path: string
  interface: string
  member: string
  /** The strings of the body, arrays flattened: all that our calls ever send. */
  strings: string[]
}

export function encodeReturn(replySerial: number, signature: string, body: readonly WireValue[]): Buffer {
  return encodeMessage(2, [[5, ['u', replySerial]]], signature, body)
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

function encodeMessage(
  type: number,
  fields: readonly WireValue[],
  signature: string,
  body: readonly WireValue[],
): Buffer {
  const content = encode(signature, body, 0)
  const all = signature === '' ? fields : [...fields, [8, ['g', signature]]]
  const start = Buffer.from([0x6c, type, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0])
  start.writeUInt32LE(content.length, 4)
  const header = Buffer.concat([start, encode('a(yv)', [all], start.length)])
  return Buffer.concat([header, padding(header.length, 8), content])
}

function encode(signature: string, values: readonly WireValue[], at: number): Buffer {
  const parts: Buffer[] = []
  let position = at
  const add = (part: Buffer): void => {
    parts.push(part)
    position += part.length
  }
  splitTypes(signature).forEach((type, index) => {
    const value = values[index] as WireValue
    add(padding(position, alignment(type)))
    if (type === 's' || type === 'o') {
      const bytes = Buffer.from(`${String(value)}\0`)
      add(Buffer.concat([uint32(bytes.length - 1), bytes]))
    } else if (type === 'g') {
      const bytes = Buffer.from(`${String(value)}\0`)
      add(Buffer.concat([Buffer.from([bytes.length - 1]), bytes]))
    } else if (type === 'y') {
      add(Buffer.from([Number(value)]))
    } else if (type === 't') {
      const bytes = Buffer.alloc(8)
      bytes.writeBigUInt64LE(value as bigint)
      add(bytes)
    } else if (type === 'v') {
      const [inner, content] = value as [string, WireValue]
      add(encode('g', [inner], position))
      add(encode(inner, [content], position))
    } else if (type.startsWith('a')) {
      const element = type.slice(1)
      add(uint32(0))
      const lengthPart = parts.length - 1
      add(padding(position, alignment(element)))
      const start = position
      for (const item of value as readonly WireValue[]) add(encode(element, [item], position))
      parts[lengthPart] = uint32(position - start)
    } else if (type.startsWith('(')) {
      add(encode(type.slice(1, -1), value as readonly WireValue[], position))
    } else {
      add(uint32(Number(value) >>> 0))
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
    if (letter === '(') depth++
    if (letter === ')') depth--
    if (depth > 0 || letter === 'a') continue
    types.push(type)
    type = ''
  }
  return types
}

function alignment(type: string): number {
  if (/^[(xtd]/.test(type)) return 8
  return /^[ygv]/.test(type) ? 1 : 4
}

const align = (position: number, to: number): number => Math.ceil(position / to) * to

const padding = (position: number, to: number): Buffer => Buffer.alloc(align(position, to) - position)

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
